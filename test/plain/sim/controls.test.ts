/** Without a safeguard seeds must fail: else the simulator would not notice if it were broken. */
import { expect, test } from 'vitest';
import type { ControlName } from '../../sim/faults/controls.js';
import { CONTROLS } from '../../sim/faults/controls.js';
import { shrink } from '../../sim/shrink.js';
import { planOf, simulate } from '../../sim/simulate.js';

/** Quickly, so that a shorter run of the simulator misses none of them. */
const MOST_SEEDS = 50;

/** The first seed that fails without a safeguard, and passes with it. */
function firstFailure(control: ControlName): { seed: number; failure: string } | null {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const { failure } = simulate(planOf(seed, control));
    if (failure !== null) return { seed, failure };
  }
  return null;
}

for (const control of CONTROLS) {
  test(`without "${control}" a seed fails that passes with it`, { timeout: 300_000 }, () => {
    const found = firstFailure(control);
    expect(found).not.toBeNull();
    expect(simulate(planOf(found!.seed)).failure).toBeNull();
  });
}

test(
  'a failing seed fails again alone, in the same way, and with no more faults than before',
  { timeout: 300_000 },
  () => {
    const { seed, failure } = firstFailure('dedupe')!;
    const plan = planOf(seed, 'dedupe');
    expect(simulate(plan).failure).toBe(failure);
    const shrunk = shrink(plan, failure);
    expect(shrunk.plan.faults.length).toBeLessThanOrEqual(plan.faults.length);
    expect(simulate(shrunk.plan).failure).toBe(shrunk.failure);
  },
);
