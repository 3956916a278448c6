/** The plan of faults follows from its seed, and leaves no kind out. */
import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, planFaults } from '#emars/chaos/faults.js';

describe('a plan of faults', () => {
  it('is the same for the same seed, another for another, and longer ones begin alike', () => {
    const plan = planFaults(7, 60, FAULT_KINDS);
    expect(planFaults(7, 60, FAULT_KINDS)).toEqual(plan);
    expect(planFaults(7, 20, FAULT_KINDS)).toEqual(plan.slice(0, 20));
    expect(planFaults(8, 60, FAULT_KINDS)).not.toEqual(plan);
  });

  it('holds each kind once before any kind comes again', () => {
    const kinds = planFaults(3, 3 * FAULT_KINDS.length, FAULT_KINDS).map(({ kind }) => kind);
    for (let round = 0; round < 3; round++) {
      const part = kinds.slice(round * FAULT_KINDS.length, (round + 1) * FAULT_KINDS.length);
      expect([...part].sort()).toEqual([...FAULT_KINDS].sort());
    }
  });

  it('keeps stops within 1 to 60 s and disturbed links within 1 to 5 s', () => {
    for (const { kind, lastsMs, wait } of planFaults(5, 2000, FAULT_KINDS)) {
      expect(lastsMs).toBeGreaterThanOrEqual(1000);
      expect(lastsMs).toBeLessThanOrEqual(/^(stop|slow)-/.test(kind) ? 60_000 : 5000);
      expect(wait).toBeGreaterThanOrEqual(0.1);
      expect(wait).toBeLessThan(1);
    }
  });
});
