import { describe, expect, it } from 'vitest';
import { memberNamed } from '#emars/search/joined-objectives.js';
import type { Message } from '#emars/wire/messages.js';
import { PROTOCOL } from '#emars/wire/messages.js';
import { Bench, SETUP, SHORT } from './evolution-support.js';

type Hello = Message<'ObjectiveHello'>;
type Result = Message<'MeasureResult'>;

function joins(bench: Bench, change: Partial<Hello> = {}): Message<'ObjectiveReply'> {
  const hello: Hello = {
    protocol: PROTOCOL,
    name: 'memory',
    unit: 'MB',
    direction: 'min',
    needs: 'genome',
    incarnation: 'm-1',
    since: 0,
    joined: false,
    ...change,
  };
  return bench.receive('ObjectiveHello', hello, 'inbox').sent('ObjectiveReply')!;
}

function tells(bench: Bench, individual: string, change: Partial<Result> = {}): Bench {
  const { fence, epoch } = bench.search;
  return bench.receive('MeasureResult', {
    name: 'memory',
    incarnation: 'm-1',
    fence,
    epoch,
    individual,
    value: 2,
    isUndefined: false,
    error: null,
    snapshot: null,
    ...change,
  });
}

/** In epoch 1's training, with the objective joined from epoch 2 on. */
function joined(setup = SETUP): Bench {
  const bench = new Bench(setup).hello('a').hello('b');
  expect(joins(bench)).toMatchObject({ accepted: true, since: 2, epoch: 1 });
  return bench;
}

/** The same in epoch 2, where all but the objective's measurements are done. */
function onlyItIsOpen(setup = SETUP): Bench {
  const bench = joined(setup).trainEpoch().evaluateEpoch();
  expect(bench.search).toMatchObject({ phase: 'training', epoch: 2 });
  return bench.trainEpoch().evaluateEpoch();
}

const accuracyOf = (bench: Bench): number => bench.search.evaluees.length;

describe('an objective that joins', () => {
  it('is told the space and the size of a scan, and from which epoch on it takes part', () => {
    const bench = new Bench().hello('a').hello('b');
    const { context } = joins(bench);
    expect(context).toMatchObject({ widths: SHORT.space.widths, slices: 8, size: 16, classes: 2 });
    expect(bench.recorded()).toEqual(['objective-joined']);
  });

  it('is asked for every individual of its epoch, survivors too, and the epoch waits for all of them', () => {
    const bench = onlyItIsOpen();
    expect(bench.search.phase).toBe('evaluating');
    bench.wait(1100, ['a', 'b']);
    joins(bench, { joined: true });
    bench.wait(1100, ['a', 'b']);
    for (const id of bench.search.evaluees) tells(bench, id);
    expect(bench.search.phase).toBe('done');
    const rows = bench.search.history.filter(({ epoch }) => epoch === 2);
    expect(rows).toHaveLength(SHORT.population);
    expect(rows.every(({ measurements }) => measurements['memory']?.value === 2)).toBe(true);
  });

  it('is asked again every second for what is open, and only for that', () => {
    const bench = onlyItIsOpen();
    const [first] = bench.search.evaluees as [string];
    tells(bench, first);
    const requests: Message<'MeasureRequest'>[] = [];
    for (let i = 0; i < 15; i++) {
      if (i % 5 === 0) joins(bench, { joined: true });
      const request = bench.wait(100, ['a', 'b']).sent('MeasureRequest');
      if (request !== undefined) requests.push(request);
    }
    expect(requests.length).toBeGreaterThanOrEqual(1);
    expect(requests[0]!.incarnation).toBe('m-1');
    const asked = requests[0]!.subjects.map(({ individual }) => individual.id);
    expect(asked).toEqual(bench.search.evaluees.filter((id) => id !== first));
  });

  it('of history is asked once the accuracy of the epoch is known, which is part of the history', () => {
    const bench = new Bench().hello('a').hello('b');
    joins(bench, { needs: 'history' });
    bench.trainEpoch().evaluateEpoch().trainEpoch();
    bench
      .put({ kind: 'snapshot-checked', sha256: 'cd'.repeat(32), problem: null })
      .put({ kind: 'queue-emptied' });
    bench.finishLocal();
    bench.wait(1100, ['a', 'b']);
    expect(bench.sent('MeasureRequest')).toBeUndefined();
    const [first, second] = bench.search.evaluees as [string, string];
    joins(bench, { needs: 'history', joined: true });
    bench.result(first);
    bench.result(second, { error: 'cannot be measured' });
    let request: Message<'MeasureRequest'> | undefined;
    for (let i = 0; i < 12; i++) request ??= bench.wait(100, ['a', 'b']).sent('MeasureRequest');
    expect(request!.subjects.map(({ individual }) => individual.id)).toEqual([first]);
    expect(request!.subjects[0]!.history.at(-1)).toEqual({ epoch: 2, accuracy: 0 });
    expect(bench.search.measured.get(second)!['memory']!.failure).toBe('no accuracy in this epoch');
    expect(memberNamed(bench.search, 'memory')!.failures).toBe(0);
  });

  it('of weights is asked once the accuracy of the epoch is known or has failed, with the snapshot of the epoch', () => {
    const bench = new Bench().hello('a').hello('b');
    joins(bench, { needs: 'weights' });
    bench.trainEpoch().evaluateEpoch().trainEpoch();
    const snapshot = 'cd'.repeat(32);
    bench.put({ kind: 'snapshot-checked', sha256: snapshot, problem: null }).put({ kind: 'queue-emptied' });
    bench.finishLocal();
    joins(bench, { needs: 'weights', joined: true });
    expect(bench.wait(1100, ['a', 'b']).sent('MeasureRequest')).toBeUndefined();
    const [first, second] = bench.search.evaluees as [string, string];
    joins(bench, { needs: 'weights', joined: true });
    bench.result(first);
    bench.result(second, { error: 'cannot be measured' });
    let request: Message<'MeasureRequest'> | undefined;
    for (let i = 0; i < 12; i++) request ??= bench.wait(100, ['a', 'b']).sent('MeasureRequest');
    expect(request!.subjects.map(({ individual }) => individual.id)).toEqual([first, second]);
    expect(request!.snapshot).toBe(snapshot);
    tells(bench, first, { snapshot: 'ef'.repeat(32) });
    tells(bench, first);
    expect(bench.search.measured.get(first)!['memory']).toBeUndefined();
    tells(bench, first, { snapshot });
    expect(bench.search.measured.get(first)!['memory']!.value).toBe(2);
  });

  it('is refused under another protocol, a name in use, or another unit, and is told why', () => {
    const bench = joined();
    expect(joins(bench, { protocol: 9 }).reason).toContain('protocol');
    expect(joins(bench, { name: 'size' })).toMatchObject({ accepted: false, context: null });
    expect(joins(bench, { unit: 'kB' }).reason).toContain('MB');
    expect(joins(bench, { name: 'late', since: 9 }).reason).toContain('ends with epoch 2');
  });

  it('is measured by one process; a second one takes over once the first is silent', () => {
    const bench = joined();
    expect(joins(bench, { incarnation: 'm-2' })).toMatchObject({ accepted: false, busy: true });
    bench.wait(2100, ['a', 'b']);
    expect(joins(bench, { incarnation: 'm-2' })).toMatchObject({ accepted: true });
    expect(bench.events.filter(({ type }) => type === 'objective-joined')).toHaveLength(1);
  });
});

describe('results that do not count', () => {
  it('are those of another process, fence or epoch, and of an individual that is known', () => {
    const bench = onlyItIsOpen();
    const [first] = bench.search.evaluees as [string];
    const before = bench.events.length;
    tells(bench, first, { incarnation: 'm-9' });
    tells(bench, first, { fence: bench.fence + 1 });
    tells(bench, first, { epoch: 1 });
    tells(bench, 'ff'.repeat(8));
    tells(bench, first, { name: 'other' });
    expect(bench.events.length).toBe(before);
    tells(bench, first);
    tells(bench, first, { value: 7 });
    expect(bench.search.measured.get(first)!['memory']!.value).toBe(2);
  });

  it.each([NaN, Infinity, 1e308, -1e151])('a value of %s is a failure with its reason', (value) => {
    const bench = onlyItIsOpen();
    const [first] = bench.search.evaluees as [string];
    tells(bench, first, { value });
    expect(bench.search.measured.get(first)!['memory']!.failure).toContain(String(value));
  });
});

describe('an objective that cannot go on', () => {
  it('is quarantined after five failures in a row, with the reason, and its epoch is selected without it', () => {
    const bench = onlyItIsOpen();
    for (const id of bench.search.evaluees.slice(0, 4)) tells(bench, id, { error: 'boom' });
    expect(bench.search.phase).toBe('evaluating');
    tells(bench, bench.search.evaluees[4]!, { error: 'boom' });
    expect(bench.recorded()).toEqual(['evaluation-failed', 'objective-left', 'selected', 'finished']);
    expect(bench.search.joined[0]!.left!.reason).toBe('5 measurements in a row failed, the last one: boom');
    expect(bench.search.front.length).toBeGreaterThan(0);
    expect(accuracyOf(bench)).toBe(SHORT.population);
  });

  it('is waited for as long as it takes, and the status says that no process measures it', () => {
    const bench = onlyItIsOpen().wait(60_000, ['a', 'b']);
    expect(bench.search.phase).toBe('evaluating');
    expect(bench.sent('Status')!.objectives).toEqual([
      { name: 'memory', since: 2, alive: false, failures: 0, left: 0, reason: null },
    ]);
    joins(bench, { incarnation: 'm-2' });
    expect(bench.sent('MeasureRequest')!.incarnation).toBe('m-2');
  });

  it('is dropped after the deadline where that is configured, and not before', () => {
    const bench = onlyItIsOpen({ ...SETUP, objectives: { ...SETUP.objectives, onLost: 'drop' } });
    bench.wait(1900, ['a', 'b']);
    expect(bench.search.phase).toBe('evaluating');
    bench.wait(2300, ['a', 'b']);
    expect(bench.search.phase).toBe('done');
    expect(bench.search.joined[0]!.left).toMatchObject({ epoch: 2 });
  });

  it('leaves when it is removed; its process learns why and may not join anew by itself', () => {
    const bench = joined();
    bench.receive('ObjectiveLeave', { name: 'memory' }, 'inbox');
    expect(bench.sent('ObjectiveReply')).toMatchObject({ accepted: true });
    expect(joins(bench, { joined: true })).toMatchObject({ accepted: false, reason: 'it was removed' });
    expect(joins(bench)).toMatchObject({ accepted: true });
    bench.receive('ObjectiveLeave', { name: 'other' }, 'inbox');
    expect(bench.sent('ObjectiveReply')!.reason).toContain('"other"');
  });
});
