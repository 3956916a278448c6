import { describe, expect, it } from 'vitest';
import { apply, HistoryError } from '#emars/search/apply.js';
import type { SearchEvent } from '#emars/search/events.js';
import { decodeEvent, encodeEvent } from '#emars/search/events.js';
import type { SearchState } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';
import { genomeId } from '#emars/space/genome.js';
import { nextEvent, RULES, wholeSearch } from './support.js';

const { events, states } = wholeSearch();
const end = states.at(-1)!;
const fold = (list: readonly SearchEvent[]): SearchState =>
  list.reduce((state, event) => apply(RULES, state, event), initialState());

describe('a search as a fold over its events', () => {
  it('goes through warm-up, epochs and the end', () => {
    expect(end.phase).toBe('done');
    expect(end.epoch).toBe(RULES.warmupEpochs + RULES.epochs);
    expect(end.step).toBe((RULES.warmupEpochs + RULES.epochs) * RULES.stepsPerEpoch);
  });

  it('comes out the same from events that went through the journal', () => {
    expect(fold(events.map((event) => decodeEvent(encodeEvent(event))))).toEqual(end);
  });

  it('goes on alike from every prefix of the journal', () => {
    for (let cut = 0; cut <= events.length; cut += 7) {
      let state = fold(events.slice(0, cut));
      for (let event = nextEvent(RULES, state); event !== null; event = nextEvent(RULES, state))
        state = apply(RULES, state, event);
      expect(state.history).toEqual(end.history);
      expect(state.front).toEqual(end.front);
    }
  });

  it('returns to before the epoch on a rollback, and then comes out the same', () => {
    const middle = states.findIndex(
      ({ phase, epoch, step }) => phase === 'training' && epoch === 4 && step === 3 * RULES.stepsPerEpoch + 2,
    );
    let state = apply(RULES, states[middle]!, { type: 'rolled-back', epoch: 4, reason: 'test' });
    expect(state).toMatchObject({ phase: 'planning', epoch: 4, step: 3 * RULES.stepsPerEpoch, rollbacks: 1 });
    state = apply(RULES, state, { type: 'fence-raised', fence: 5 });
    for (let event = nextEvent(RULES, state); event !== null; event = nextEvent(RULES, state))
      state = apply(RULES, state, event);
    expect(state.history).toEqual(end.history);
    expect(state.fence).toBe(5);
  });

  it('returns to before the epoch when its snapshot is lost while it is evaluated', () => {
    const middle = states.findLastIndex(({ phase, epoch }) => phase === 'evaluating' && epoch === 4);
    let state = apply(RULES, states[middle]!, { type: 'rolled-back', epoch: 4, reason: 'test' });
    expect(state).toMatchObject({ phase: 'planning', epoch: 4, step: 3 * RULES.stepsPerEpoch });
    for (let event = nextEvent(RULES, state); event !== null; event = nextEvent(RULES, state))
      state = apply(RULES, state, event);
    expect(state.history).toEqual(end.history);
  });

  it('keeps a population of different genotypes of the right size, survivors first', () => {
    const planning = states.filter(({ phase, epoch }) => phase === 'planning' && epoch > RULES.warmupEpochs);
    expect(planning).toHaveLength(RULES.epochs);
    for (const state of planning) {
      expect(state.population).toHaveLength(RULES.population);
      expect(new Set(state.population).size).toBe(RULES.population);
      const selected = state.history
        .filter(({ epoch, selected: survives }) => epoch === state.epoch - 1 && survives)
        .map(({ id }) => id);
      expect(new Set(state.population.slice(0, selected.length))).toEqual(new Set(selected));
    }
  });

  it('starts from the best P of the warm-up candidates by accuracy', () => {
    const rows = end.history.filter(({ epoch }) => epoch === RULES.warmupEpochs);
    expect(rows).toHaveLength(RULES.warmupCandidates!);
    const best = [...rows]
      .sort((a, b) => b.measurements['accuracy']!.value! - a.measurements['accuracy']!.value!)
      .slice(0, RULES.population);
    const first = states.find(
      ({ phase, epoch }) => phase === 'planning' && epoch === RULES.warmupEpochs + 1,
    )!;
    expect(new Set(first.population)).toEqual(new Set(best.map(({ id }) => id)));
  });

  it('trains every individual of a population on the same number of mini-batches, up to one, over epochs', () => {
    // Population of 6, 10 (step, individual) pairs an epoch: 1 or 2 each, the surplus rotates.
    const rotations = states
      .filter(
        ({ phase, step, plan }) =>
          phase === 'training' && plan!.kind === 'search' && step === plan!.firstStep,
      )
      .map(({ plan }) => plan!.schedule.flat());
    for (const schedule of rotations) {
      const counts = Array.from(
        { length: RULES.population },
        (_, position) => schedule.filter((at) => at === position).length,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(rotations.map((schedule) => schedule[0])).toEqual([0, 4, 2, 0, 4]);
  });

  it('keeps the history of a genotype: its accuracy in each epoch that evaluated it, in order', () => {
    for (const { id, history } of end.individuals.values()) {
      const rows = end.history.filter((row) => row.id === id);
      expect(history).toEqual(
        rows.map(({ epoch, measurements }) => [epoch, measurements['accuracy']!.value]),
      );
    }
    expect([...end.individuals.values()].some(({ history }) => history.length > 2)).toBe(true);
  });

  it('takes the front of the last epoch: no member dominates another', () => {
    const last = new Map(
      end.history.filter(({ epoch }) => epoch === end.epoch).map((row) => [row.id, row.measurements]),
    );
    const values = end.front.map((id) =>
      RULES.objectives.map(
        ({ name, direction }) => last.get(id)![name]!.value! * (direction === 'max' ? 1 : -1),
      ),
    );
    for (const a of values)
      for (const b of values)
        if (a !== b)
          expect(a.every((value, i) => value >= b[i]!) && a.some((value, i) => value > b[i]!)).toBe(false);
    expect(end.front.length).toBeGreaterThan(0);
  });

  it('names individuals by their genome', () => {
    for (const { id, genome } of end.individuals.values()) expect(genomeId(genome)).toBe(id);
  });
});

describe('events that do not fit', () => {
  const at = (phase: SearchState['phase']): SearchState =>
    states.find((state) => state.phase === phase && state.epoch === 4)!;
  const training = at('training');
  const evaluating = at('evaluating');
  it.each<[string, SearchState, SearchEvent]>([
    [
      'a step that is not the next',
      training,
      { type: 'step-committed', epoch: 4, step: training.step + 1, slots: [], repeated: 0 },
    ],
    [
      'a step of another epoch',
      training,
      { type: 'step-committed', epoch: 3, step: training.step, slots: [], repeated: 0 },
    ],
    [
      'the end of an epoch with steps missing',
      training,
      { type: 'epoch-trained', epoch: 4, sha256: 'ab'.repeat(32), step: training.step },
    ],
    ['a fence that does not rise', training, { type: 'fence-raised', fence: 0 }],
    [
      'a measurement while training',
      training,
      {
        type: 'evaluated',
        epoch: 4,
        individual: 'a'.repeat(16),
        objective: 'accuracy',
        value: 1,
        worker: 'e',
      },
    ],
    [
      'a measurement of a stranger',
      evaluating,
      {
        type: 'evaluated',
        epoch: 4,
        individual: 'a'.repeat(16),
        objective: 'accuracy',
        value: 1,
        worker: 'e',
      },
    ],
    [
      'individuals that the seed does not give',
      at('planning'),
      { type: 'epoch-planned', epoch: 4, individuals: ['a'.repeat(16)] },
    ],
    ['survivors before all is measured', evaluating, { type: 'selected', epoch: 4, survivors: [] }],
    ['a rollback while planning', at('planning'), { type: 'rolled-back', epoch: 4, reason: 'x' }],
    ['the end too early', training, { type: 'finished', epoch: 4 }],
  ])('%s is refused', (_, state, event) => {
    expect(() => apply(RULES, state, event)).toThrow(HistoryError);
  });

  it('a record of another shape is refused', () => {
    expect(() => decodeEvent(new TextEncoder().encode('{"type":"fence-raised","fence":-1}'))).toThrow();
    expect(() => decodeEvent(new TextEncoder().encode('{"type":"unheard-of"}'))).toThrow();
    expect(() => decodeEvent(new TextEncoder().encode('{'))).toThrow();
  });
});

describe('failures', () => {
  it('never become values: a failed individual has none and does not survive', () => {
    let state = initialState();
    let failed = '';
    for (let event = nextEvent(RULES, state); event !== null; event = nextEvent(RULES, state)) {
      if (
        event.type === 'evaluated' &&
        event.epoch === 4 &&
        event.objective !== 'size' &&
        (failed === '' || failed === event.individual)
      ) {
        failed = event.individual;
        event = {
          type: 'evaluation-failed',
          epoch: 4,
          individual: event.individual,
          objective: event.objective,
          reason: 'the worker died five times',
        };
      }
      state = apply(RULES, state, event);
    }
    const row = state.history.find(({ epoch, id }) => epoch === 4 && id === failed)!;
    expect(row.measurements['accuracy']).toEqual({ failure: 'the worker died five times' });
    expect(row.selected).toBe(false);
    expect(state.individuals.get(failed)!.history.some(([epoch]) => epoch === 4)).toBe(false);
  });

  it('flags an individual whose gradient diverged', () => {
    const before = states.find(({ phase, epoch }) => phase === 'training' && epoch === 4)!;
    const event = nextEvent(RULES, before) as Extract<SearchEvent, { type: 'step-committed' }>;
    const after = apply(RULES, before, {
      ...event,
      slots: event.slots.map((slot) => ({ ...slot, diverged: slot.slot === 2 })),
    });
    // Slot 2 of 4 is the first micro-batch of the step's second individual.
    const { id } =
      before.plan!.individuals[before.plan!.schedule[before.step - before.plan!.firstStep]![1]!]!;
    expect(after.individuals.get(id)!.diverged).toBe(1);
  });
});

describe('variants', () => {
  it('work with one objective alone (experiment A)', () => {
    const { states: single } = wholeSearch({ ...RULES, objectives: RULES.objectives.slice(0, 1) });
    expect(single.at(-1)!.phase).toBe('done');
    expect(single.at(-1)!.front).toHaveLength(1);
  });

  it('work without a warm-up, from a drawn population', () => {
    const { states: cold } = wholeSearch({ ...RULES, warmupEpochs: 0 });
    expect(cold[0]!.population).toHaveLength(RULES.population);
    expect(cold.at(-1)!.phase).toBe('done');
  });

  it.each(['merged-fronts', 'nsga2', 'random', 'top-accuracy'] as const)(
    'work with the selector %s',
    (selector) => {
      expect(wholeSearch({ ...RULES, selector }).states.at(-1)!.phase).toBe('done');
    },
  );

  it('differ by seed', () => {
    expect(wholeSearch({ ...RULES, seed: 4 }).states.at(-1)!.front).not.toEqual(end.front);
  });
});
