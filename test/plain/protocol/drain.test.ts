/** A wish to stop: the step at work is finished, its weights are written, and a resume goes on from there. */
import { describe, expect, it } from 'vitest';
import type { SearchEvent } from '#emars/search/events.js';
import { snapshotsInUse } from '#emars/search/state.js';
import { Bench, SETUP, SHA } from './evolution-support.js';

const gathered = (): Bench => new Bench().hello('a').hello('b');
const stepping = (): Bench => gathered().ready('a').ready('b');
const end = (bench: Bench): unknown => bench.save.find(({ kind }) => kind === 'finish');

/** Told to stop in the first of two steps, which is finished and saved. */
function drained(): Bench {
  const bench = stepping().put({ kind: 'drain' }).holds('a').holds('b').trained('a').trained('b');
  return bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
}

/** Another process, with the same journal. */
const resumed = (events: readonly SearchEvent[] = drained().events): Bench => new Bench(SETUP, events);

describe('a search that is told to stop', () => {
  it('finishes the step at work, has its weights written and read, records that, and is over', () => {
    const bench = stepping().put({ kind: 'drain' });
    expect(end(bench)).toBeUndefined();
    bench.holds('a').holds('b');
    expect(bench.recorded()).toEqual(['step-committed']);
    expect(bench.sent('Directive')).toMatchObject({ end: { writer: 'a', commit: { step: 0 } } });
    bench.trained('a').trained('b');
    expect(bench.saved()).toContain('check-snapshot');
    bench.put({ kind: 'drain' }).put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
    expect(bench.record).toEqual([{ type: 'step-saved', epoch: 1, step: 1, sha256: SHA }]);
    expect(end(bench)).toEqual({ kind: 'finish', end: 'drained' });
    expect(bench.sent('Farewell')).toBeUndefined();
    expect(bench.state.stage).toBe('over');
    expect(snapshotsInUse(bench.search)).toEqual([SHA]);
  });

  it('has another trainer write where the first one cannot, or what it wrote cannot be read', () => {
    const bench = stepping().put({ kind: 'drain' }).holds('a').holds('b').trained('a').trained('b');
    bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: 'it is damaged' });
    expect(bench.sent('Directive')).toMatchObject({ end: { writer: 'b' } });
  });

  it('is over at once where no step is at work: before an epoch, as it gets ready, in evaluation', () => {
    for (const bench of [new Bench(), gathered(), gathered().trainEpoch()]) {
      bench.put({ kind: 'drain' });
      expect(end(bench)).toEqual({ kind: 'finish', end: 'drained' });
      expect(bench.recorded()).toEqual([]);
    }
  });

  it('at the last step of an epoch trains it to its end', () => {
    const bench = stepping().holds('a').holds('b').put({ kind: 'drain' }).holds('a').holds('b');
    bench.trained('a').trained('b').put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
    expect(bench.recorded()).toEqual(['epoch-trained']);
    expect(end(bench)).toEqual({ kind: 'finish', end: 'drained' });
  });

  it('whose last trainer dies meanwhile takes the epoch back, and is over', () => {
    const bench = stepping().put({ kind: 'drain' }).wait(2200);
    expect(bench.events.at(-2)).toMatchObject({ type: 'rolled-back', epoch: 1 });
    expect(bench.state.stage).toBe('over');
  });
});

describe('a search that goes on from a step in mid-epoch', () => {
  it('reads the snapshot, waits for its trainers, and begins with the step that follows', () => {
    const bench = resumed();
    expect(bench.save).toEqual([{ kind: 'check-snapshot', sha256: SHA, holders: null }]);
    bench.hello('a').hello('b');
    expect(bench.stage).toBe('restoring');
    bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
    expect(bench.sent('Directive')?.plan).toMatchObject({ snapshot: SHA, firstStep: 0, startStep: 1 });
    bench.ready('a').ready('b');
    expect(bench.sent('Directive')).toMatchObject({ fence: 2, step: { step: 1, stepInEpoch: 1 } });
    bench.holds('a').holds('b').trained('a').trained('b');
    bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
    expect(bench.recorded()).toEqual(['epoch-trained']);
    expect(bench.search).toMatchObject({ rollbacks: 0, saved: null, phase: 'evaluating' });
  });

  it('gives its patience to trainers that do not come, and goes on with fewer', () => {
    const bench = resumed().put({ kind: 'snapshot-checked', sha256: SHA, problem: null }).hello('a');
    bench.wait(9900, ['a']);
    expect(bench.stage).toBe('restoring');
    bench.wait(300, ['a']);
    expect(bench.state.training).toMatchObject({ stage: { name: 'preparing' }, members: ['a'] });
  });

  it('begins the epoch again where that snapshot cannot be read', () => {
    const bench = resumed().hello('a').hello('b');
    bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: 'it is damaged' });
    expect(bench.recorded().slice(0, 2)).toEqual(['rolled-back', 'fence-raised']);
    expect(bench.sent('Directive')?.plan).toMatchObject({ snapshot: null, startStep: 0 });
  });

  it('stops again at once when it is told to before a step has begun', () => {
    const bench = resumed().put({ kind: 'drain' });
    expect(end(bench)).toEqual({ kind: 'finish', end: 'drained' });
  });

  it('that got no further than its first step goes on from the beginning, and nothing is rolled back', () => {
    const bench = new Bench(SETUP, stepping().events).wait(3200);
    expect(bench.stage).toBe('restoring');
    bench.hello('a').hello('b');
    expect(bench.sent('Directive')?.plan).toMatchObject({ snapshot: null, startStep: 0 });
    expect(bench.search.rollbacks).toBe(0);
  });
});
