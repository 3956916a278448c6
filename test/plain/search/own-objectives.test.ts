/** An objective of the configuration that fails again and again is done without, whatever the order of results. */
import { describe, expect, it } from 'vitest';
import { apply } from '#emars/search/apply.js';
import { objectivesAt } from '#emars/search/joined-objectives.js';
import { becomePlanningAgain } from '#emars/search/phases.js';
import type { SearchRules, SearchState } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';
import type { Invented } from './support.js';
import { nextEvent, RULES, wholeSearch } from './support.js';

const OWN = { name: 'own', direction: 'min', unit: '', needs: 'genome', selects: true, isOwn: true } as const;
const rules: SearchRules = { ...RULES, objectives: [...RULES.objectives, OWN] };

/** Measurements by `own` fail where this holds of their number within the epoch, from 0, and the epoch. */
function failing(when: (position: number, epoch: number) => boolean) {
  return (objective: string, individual: string, { evaluees, epoch }: SearchState): Invented =>
    objective === 'own' && when(evaluees.indexOf(individual), epoch)
      ? { reason: `no ${epoch}.${evaluees.indexOf(individual)}` }
      : { value: objective.length + (parseInt(individual.slice(0, 6), 16) % 1000) / 1000 };
}

const endOf = (invent: ReturnType<typeof failing>): SearchState => wholeSearch(rules, invent).states.at(-1)!;

describe('an objective of the configuration', () => {
  it('is done without from the epoch on in which its fifth measurement in a row fails', () => {
    const { dismissed, history } = endOf(failing((position, epoch) => epoch === 3 && position < 5));
    expect(dismissed.get('own')).toEqual({
      epoch: 3,
      reason: '5 measurements in a row failed, the last one: no 3.4',
    });
    for (const { epoch, measurements } of history) expect('own' in measurements).toBe(epoch < 3);
  });

  it('is kept with four failures in a row, and failures are counted across epochs', () => {
    expect(endOf(failing((position) => position < 4)).dismissed.size).toBe(0);
    // A population of six: the last three of epoch 3, the first two of epoch 4.
    const across = endOf(
      failing((position, epoch) => (epoch === 3 && position >= 3) || (epoch === 4 && position < 2)),
    );
    expect(across.dismissed.get('own')?.epoch).toBe(4);
    // One good measurement in between, and it starts from none.
    const between = endOf(
      failing(
        (position, epoch) => (epoch === 3 && position >= 3) || (epoch === 4 && [1, 2].includes(position)),
      ),
    );
    expect(between.dismissed.size).toBe(0);
  });

  it('is kept where nothing else is left to select by', () => {
    const alone: SearchRules = {
      ...RULES,
      objectives: [...RULES.objectives.map((rule) => ({ ...rule, selects: false })), OWN],
    };
    let state = initialState();
    while (state.phase !== 'selecting')
      state = apply(
        alone,
        state,
        nextEvent(
          alone,
          state,
          failing(() => true),
        )!,
      );
    expect(state.dismissed.size).toBe(0);
  });

  it('goes in the same epoch for the same reason in whatever order the results come', () => {
    const invent = failing((position, epoch) => epoch === 3 && position > 0);
    const { events, states } = wholeSearch(rules, invent);
    const first = events.findIndex(
      ({ type }, i) => type !== 'selected' && states[i]!.phase === 'evaluating' && states[i]!.epoch === 3,
    );
    const before = states[first]!;
    const outcomes = before.evaluees.map((individual) => {
      const outcome = invent('own', individual, before);
      const key = { epoch: 3, individual, objective: 'own' };
      return 'reason' in outcome
        ? ({ type: 'evaluation-failed', ...key, ...outcome } as const)
        : ({ type: 'evaluated', ...key, worker: 'e', value: outcome.value } as const);
    });
    for (const turned of [
      outcomes,
      [...outcomes].reverse(),
      [...outcomes.slice(3), ...outcomes.slice(0, 3)],
    ]) {
      const after = turned.reduce(
        (state, event) => (state.dismissed.has('own') ? state : apply(rules, state, event)),
        before,
      );
      expect(after.dismissed.get('own')?.reason).toContain('no 3.5');
      expect(objectivesAt(rules, after, 3).map(({ name }) => name)).not.toContain('own');
      // A rollback of the epoch does not bring it back.
      expect(becomePlanningAgain(after).dismissed.has('own')).toBe(true);
    }
  });
});
