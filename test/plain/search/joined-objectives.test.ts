import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFront } from '#emars/run/front.js';
import { runFolder } from '#emars/run/folder.js';
import { writeResults } from '#emars/run/results.js';
import { apply, HistoryError } from '#emars/search/apply.js';
import type { SearchEvent } from '#emars/search/events.js';
import { decodeEvent, encodeEvent } from '#emars/search/events.js';
import { joinObjection, memberNamed, objectivesAt } from '#emars/search/joined-objectives.js';
import type { SearchState } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';
import { nextEvent, RULES, wholeSearch } from './support.js';

const MEMORY = { name: 'memory', unit: 'MB', direction: 'min', needs: 'genome' } as const;
const joins = (since: number): SearchEvent => ({ type: 'objective-joined', ...MEMORY, since });

/** Events of a search with `extra` recorded as soon as `when` says so. */
function searchWith(extra: (state: SearchState) => SearchEvent | null): {
  events: SearchEvent[];
  end: SearchState;
} {
  const events: SearchEvent[] = [];
  let state = initialState();
  for (;;) {
    const event = extra(state) ?? nextEvent(RULES, state);
    if (event === null) return { events, end: state };
    state = apply(RULES, state, event);
    events.push(event);
  }
}

const inTraining = (epoch: number) => (state: SearchState) =>
  state.phase === 'training' && state.epoch === epoch;
const once = (when: (state: SearchState) => boolean, event: (state: SearchState) => SearchEvent) => {
  let isDone = false;
  return (state: SearchState): SearchEvent | null => {
    if (isDone || !when(state)) return null;
    isDone = true;
    return event(state);
  };
};

const without = wholeSearch().states.at(-1)!;
const whole = searchWith(once(inTraining(3), () => joins(4)));
const namesIn = (state: SearchState, epoch: number): string[][] =>
  state.history.filter((row) => row.epoch === epoch).map(({ measurements }) => Object.keys(measurements));

describe('an objective that joins', () => {
  it('is measured of the whole population from its epoch on, and of none before', () => {
    for (const { epoch, measurements } of whole.end.history)
      expect('memory' in measurements).toBe(epoch >= 4);
    expect(namesIn(whole.end, 4)).toHaveLength(RULES.population);
  });

  it('decides: survivors and front are others than without it', () => {
    const selectedIn = (state: SearchState, epoch: number): string[] =>
      state.history.filter((row) => row.epoch === epoch && row.selected).map(({ id }) => id);
    expect(selectedIn(whole.end, 3)).toEqual(selectedIn(without, 3));
    const later = (state: SearchState): string[][] => [4, 5, 6, 7].map((epoch) => selectedIn(state, epoch));
    expect(later(whole.end)).not.toEqual(later(without));
    const last = new Map(
      whole.end.history
        .filter(({ epoch }) => epoch === whole.end.epoch)
        .map((row) => [row.id, row.measurements]),
    );
    const rules = objectivesAt(RULES, whole.end, whole.end.epoch);
    expect(rules.map(({ name }) => name)).toEqual(['accuracy', 'size', 'potential', 'memory']);
    const values = [...last].map(([id, measurements]) => ({
      id,
      row: rules.map(({ name, direction }) => measurements[name]!.value! * (direction === 'max' ? 1 : -1)),
    }));
    const isDominated = ({ row }: { row: number[] }): boolean =>
      values.some(
        ({ row: other }) => other.every((v, i) => v >= row[i]!) && other.some((v, i) => v > row[i]!),
      );
    const expected = values.filter((each) => !isDominated(each)).map(({ id }) => id);
    expect(whole.end.front).toEqual(expected.sort());
  });

  it('comes out the same from the journal alone, with none to measure', () => {
    const replayed = whole.events
      .map((event) => decodeEvent(encodeEvent(event)))
      .reduce((state, event) => apply(RULES, state, event), initialState());
    expect(replayed).toEqual(whole.end);
  });

  it('stays through a rollback of the epoch in which it joined', () => {
    const rolled = searchWith((state) => {
      if (state.joined.length === 0 && inTraining(3)(state)) return joins(4);
      return state.rollbacks === 0 && state.joined.length > 0 && state.phase === 'evaluating'
        ? { type: 'rolled-back', epoch: state.epoch, reason: 'test' }
        : null;
    });
    expect(rolled.end.rollbacks).toBe(1);
    expect(rolled.end.history).toEqual(whole.end.history);
  });

  it('in planning takes part in the epoch that is about to be planned', () => {
    const early = searchWith(
      once(
        (state) => state.phase === 'planning' && state.epoch === 4,
        () => joins(4),
      ),
    );
    expect(early.end.history).toEqual(whole.end.history);
  });

  it.each<[string, Parameters<typeof joinObjection>[2], string]>([
    ['the epoch at work', { ...MEMORY, since: 4 }, 'from 5 on'],
    ['an epoch after the last', { ...MEMORY, since: 8 }, 'ends with epoch 7'],
    ['a name of the configuration', { ...MEMORY, name: 'size', since: 5 }, 'another name'],
  ])('is refused for %s', (_, joining, reason) => {
    const state = wholeSearch().states.find(inTraining(4))!;
    expect(joinObjection(RULES, state, joining)).toContain(reason);
    expect(() => apply(RULES, state, { type: 'objective-joined', ...joining })).toThrow(HistoryError);
  });
});

describe('an objective that leaves', () => {
  const halfMeasured = (state: SearchState): boolean =>
    state.phase === 'evaluating' &&
    state.epoch === 5 &&
    [...state.measured.values()].filter((each) => 'memory' in each).length === 3;
  const leaves = (state: SearchState): SearchEvent => ({
    type: 'objective-left',
    name: 'memory',
    epoch: state.epoch,
    reason: 'removed',
  });

  it('is without weight in the epoch at work already, and what it measured there is dropped', () => {
    const join = once(inTraining(3), () => joins(4));
    const leave = once(halfMeasured, leaves);
    const { end } = searchWith((state) => join(state) ?? leave(state));
    for (const { epoch, measurements } of end.history) expect('memory' in measurements).toBe(epoch === 4);
    const joinAgain = once(inTraining(3), () => joins(4));
    const leaveEarly = once(inTraining(5), leaves);
    const early = searchWith((state) => joinAgain(state) ?? leaveEarly(state));
    expect(early.end.history).toEqual(end.history);
  });

  it('completes the epoch when only its measurements were missing', () => {
    let state = initialState();
    const join = once(inTraining(3), () => joins(4));
    for (;;) {
      const event = join(state) ?? nextEvent(RULES, state)!;
      if (event.type === 'evaluated' && event.objective === 'memory') break;
      state = apply(RULES, state, event);
    }
    const others = { ...state };
    for (const individual of others.evaluees)
      for (const { name } of RULES.objectives)
        if (!(name in (state.measured.get(individual) ?? {})))
          state = apply(RULES, state, {
            type: 'evaluated',
            epoch: 4,
            individual,
            objective: name,
            value: 0.5,
            worker: 'e',
          });
    expect(state.phase).toBe('evaluating');
    expect(apply(RULES, state, leaves(state)).phase).toBe('selecting');
  });

  it('may join again with the same unit and direction, and not with others', () => {
    const state = apply(RULES, whole.end, { type: 'objective-left', name: 'memory', epoch: 7, reason: 'x' });
    const early = { ...state, phase: 'training' as const, epoch: 4 };
    expect(joinObjection(RULES, early, { ...MEMORY, since: 5 })).toBeNull();
    expect(joinObjection(RULES, early, { ...MEMORY, unit: 'kB', since: 5 })).toContain('MB, min');
  });

  it('counts failures in a row, and a value ends the row', () => {
    let state = wholeSearch().states.find(inTraining(3))!;
    state = apply(RULES, state, joins(4));
    while (!(state.phase === 'evaluating' && state.epoch === 4))
      state = apply(RULES, state, nextEvent(RULES, state)!);
    const [a, b, c] = state.evaluees as [string, string, string];
    const fails = (individual: string): SearchEvent => ({
      type: 'evaluation-failed',
      epoch: 4,
      individual,
      objective: 'memory',
      reason: 'x',
    });
    state = apply(RULES, apply(RULES, state, fails(a)), fails(b));
    expect(memberNamed(state, 'memory')!.failures).toBe(2);
    state = apply(RULES, state, {
      type: 'evaluated',
      epoch: 4,
      individual: c,
      objective: 'memory',
      value: 1,
      worker: 'm',
    });
    expect(memberNamed(state, 'memory')!.failures).toBe(0);
  });
});

describe('the files of a run', () => {
  it('say nothing of when it joined where it took part in every epoch that was evaluated', async () => {
    const root = mkdtempSync(join(tmpdir(), 'emars-joined-'));
    try {
      const { end } = searchWith(
        once(
          ({ phase }) => phase === 'planning',
          () => joins(1),
        ),
      );
      await writeResults(runFolder(root), RULES, end);
      expect((await readFront(runFolder(root))).objectives.at(-1)).toEqual({
        name: 'memory',
        direction: 'min',
        unit: 'MB',
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('say since when an objective takes part, and until when one did', async () => {
    const root = mkdtempSync(join(tmpdir(), 'emars-joined-'));
    try {
      const folder = runFolder(root);
      await writeResults(folder, RULES, whole.end);
      expect((await readFront(folder)).objectives.at(-1)).toEqual({
        name: 'memory',
        direction: 'min',
        unit: 'MB',
        since: 4,
      });
      const join = once(inTraining(3), () => joins(4));
      const leave = once(inTraining(6), (state) => ({
        type: 'objective-left',
        name: 'memory',
        epoch: state.epoch,
        reason: 'removed',
      }));
      await writeResults(folder, RULES, searchWith((state) => join(state) ?? leave(state)).end);
      const front = await readFront(folder);
      expect(front.objectives.map(({ name }) => name)).toEqual(['accuracy', 'size', 'potential']);
      expect(front.former).toEqual([
        { name: 'memory', direction: 'min', unit: 'MB', since: 4, until: 5, reason: 'removed' },
      ]);
      const lines = readFileSync(folder.history, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { epoch: number; values: object });
      for (const { epoch, values } of lines) expect('memory' in values).toBe(epoch === 4 || epoch === 5);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('say why one is not there that left in its first epoch, and nothing of one that left before', async () => {
    const root = mkdtempSync(join(tmpdir(), 'emars-joined-'));
    try {
      const leavesIn = (epoch: number) =>
        once(inTraining(epoch), () => ({ type: 'objective-left', name: 'memory', epoch, reason: 'boom' }));
      const formerAfter = async (epoch: number): Promise<unknown> => {
        const [joined, left] = [once(inTraining(3), () => joins(5)), leavesIn(epoch)];
        await writeResults(runFolder(root), RULES, searchWith((state) => joined(state) ?? left(state)).end);
        return (await readFront(runFolder(root))).former;
      };
      expect(await formerAfter(5)).toEqual([
        { name: 'memory', direction: 'min', unit: 'MB', since: 5, until: 4, reason: 'boom' },
      ]);
      expect(await formerAfter(4)).toBeUndefined();
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
