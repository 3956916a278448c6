import { describe, expect, it } from 'vitest';
import { apply } from '#emars/search/apply.js';
import { initialState } from '#emars/search/state.js';
import { Bench, SETUP, SHA, SHORT } from './evolution-support.js';

const gathered = (): Bench => new Bench().hello('a').hello('b');

describe('the evolution machine from the first hello to the end', () => {
  it('welcomes, plans once all trainers are here, and fixes the arithmetic before the first epoch', () => {
    const bench = new Bench().hello('a');
    expect(bench.sent('Welcome')).toMatchObject({ accepted: true, fence: 1 });
    expect(bench.recorded()).toEqual([]);
    bench.hello('b');
    expect(bench.recorded()).toEqual(['numerics-fixed', 'epoch-planned']);
    expect(bench.sent('Directive')).toMatchObject({ fence: 1, epoch: 1, members: ['a', 'b'] });
    expect(bench.stage).toBe('preparing');
  });

  it('plans with fewer trainers when the others do not come in time', () => {
    const bench = new Bench().hello('a').wait(9900, ['a']);
    expect(bench.search.phase).toBe('planning');
    bench.wait(300, ['a']);
    expect(bench.search.phase).toBe('training');
    expect(bench.state.training.members).toEqual(['a']);
  });

  it('leads a whole search through every phase, and ends after its results are written', () => {
    const bench = gathered();
    for (let epoch = 1; epoch <= SHORT.epochs; epoch++) bench.trainEpoch().evaluateEpoch();
    expect(bench.search.phase).toBe('done');
    expect(bench.state.stage).toBe('writing');
    expect(bench.sent('Farewell')).toBeUndefined();
    bench.put({ kind: 'results-written', epoch: 1 });
    expect(bench.sent('Farewell')).toBeUndefined();
    bench.put({ kind: 'results-written', epoch: SHORT.epochs });
    expect(bench.sent('Farewell')).toBeDefined();
    expect(bench.saved()).toEqual(['finish']);
    bench.hello('c');
    expect(bench.send).toEqual([]);
    const folded = bench.events.reduce((state, event) => apply(SHORT, state, event), initialState());
    expect(folded).toEqual(bench.search);
  });

  it('commits a step only when every member holds every slot, and records before it sends', () => {
    const bench = gathered().ready('a').ready('b').holds('a');
    expect(bench.recorded()).toEqual([]);
    bench.holds('b');
    expect(bench.recorded()).toEqual(['step-committed']);
    expect(bench.sent('Directive')?.step).toMatchObject({ step: 1, commit: { step: 0 } });
  });

  it('repeats a directive that is not answered, the same object, after ever longer waits up to a limit', () => {
    const bench = gathered();
    const first = bench.sent('Directive');
    const sent = [bench.now];
    for (let i = 0; i < 400; i++) {
      const directive = bench.wait(100, ['a', 'b']).sent('Directive');
      if (directive === undefined) continue;
      expect(directive).toBe(first);
      sent.push(bench.now);
    }
    const waits = sent.slice(1).map((at, i) => at - sent[i]!);
    const { repeatMs, mutedMs } = SETUP.timing;
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]).toBe(repeatMs + 100);
    expect(waits.at(-1)).toBe(mutedMs / 4 + 100);
  });

  it('says what has changed at once, and often again from then on', () => {
    const bench = gathered().wait(20_000, ['a', 'b']).ready('a').ready('b');
    expect(bench.sent('Directive')?.step).toMatchObject({ step: 0 });
    const waits = Array.from(
      { length: 6 },
      () => bench.wait(100, ['a', 'b']).sent('Directive') !== undefined,
    );
    expect(waits).toEqual([false, false, false, false, false, true]);
  });

  it('says in the next repetition that a member is gone whose slots no other has to compute', () => {
    const bench = gathered().ready('a').ready('b');
    const slots = bench.holds('a', { held: [] }).state.training.stage;
    expect(slots.name).toBe('stepping');
    bench.hello('b', { incarnation: 'b-2' }).wait(700, ['a']);
    expect(bench.state.training.told?.directive.members).toEqual(['a']);
  });

  it('calls the roll with the same object while the same workers are here', () => {
    const bench = gathered();
    const calls: unknown[] = [];
    for (let i = 0; i < 30; i++) {
      const call = bench.wait(100, ['a', 'b']).sent('RollCall');
      if (call !== undefined) calls.push(call);
    }
    expect(calls.length).toBeGreaterThan(1);
    expect(new Set(calls).size).toBe(1);
    expect(bench.hello('c').wait(1100, ['a', 'b', 'c']).state.rollCall?.message.present).toEqual([
      'a-1',
      'b-1',
      'c-1',
    ]);
  });

  it('ignores what is said under another fence, of another step, or by a stranger', () => {
    const bench = gathered().ready('a').ready('b').holds('a');
    bench
      .holds('b', { fence: bench.fence + 1 })
      .holds('b', { step: 7 })
      .holds('z');
    expect(bench.search.step).toBe(0);
    bench.receive('EpochReady', { id: 'a', fence: 9, epoch: 1, error: 'x' });
    expect(bench.state.training.members).toEqual(['a', 'b']);
  });
});

describe('trainers that fall silent, restart or cannot go on', () => {
  it('leases the slots of a silent trainer to the others and goes on', () => {
    const bench = gathered().ready('a').ready('b').holds('a', { held: [] }).wait(2200, ['a']);
    expect(bench.state.training.members).toEqual(['a']);
    expect(bench.search.step).toBe(0);
    bench.holds('a');
    expect(bench.recorded()).toEqual(['step-committed']);
    expect(bench.record[0]).toMatchObject({ slots: [{ owner: 'a' }, { owner: 'a' }] });
  });

  it('commits at once when all that is left hold what the lost one computed', () => {
    const bench = gathered().ready('a').ready('b').holds('a').wait(2200, ['a']);
    expect(bench.search.step).toBe(1);
  });

  it('counts no worker as silent while it hears nothing of itself', () => {
    const bench = gathered().ready('a').ready('b');
    for (let i = 0; i < 100; i++) {
      bench.now += 100;
      bench.put({ kind: 'tick', connected: true });
    }
    expect(bench.state.training.members).toEqual(['a', 'b']);
  });

  it('rolls the epoch back under a new fence when no trainer is left, and begins it again', () => {
    const bench = gathered().ready('a').ready('b').holds('a').holds('b');
    bench.wait(2200);
    expect(bench.events.slice(-2).map(({ type }) => type)).toEqual(['rolled-back', 'fence-raised']);
    expect(bench.search).toMatchObject({ phase: 'planning', step: 0, fence: 2, rollbacks: 1 });
    bench.hello('a', { incarnation: 'a-2' });
    expect(bench.recorded()).toEqual(['epoch-planned']);
  });

  it('loses the old incarnation the moment the new one says hello', () => {
    const bench = gathered().ready('a').ready('b');
    bench.hello('b', { incarnation: 'b-2' });
    expect(bench.state.training.members).toEqual(['a']);
    bench.beat('b', 'b-1');
    expect(bench.state.membership.workers.get('b')!.incarnation).toBe('b-2');
  });

  it('leaves out who beats but reports nothing of a step', () => {
    const bench = gathered().ready('a').ready('b');
    for (let ms = 0; ms <= SETUP.timing.mutedMs; ms += 500) bench.holds('a').wait(500, ['a', 'b']);
    expect(bench.state.training.members).toEqual(['a']);
  });

  it('gives late leases anew, each time with more patience', () => {
    const bench = gathered().ready('a').ready('b');
    const numbers = new Set<number>();
    for (let i = 0; i < 160; i++) {
      bench.holds('a').wait(100, ['a', 'b']);
      bench.receive('SlotsHeld', {
        id: 'b',
        fence: bench.fence,
        step: 0,
        held: [],
        checked: [],
        appliedStep: 0,
        behind: false,
        stateDigest: null,
      });
      const { stage } = bench.state.training;
      if (stage.name === 'stepping') for (const { lease } of stage.ledger.slots) numbers.add(lease.number);
    }
    // 16 s hold leases of 2, 4 and 8 s: three givings of two slots.
    expect(numbers.size).toBe(2 + 3 * 2);
  });

  it('ends the search when no trainer can begin an epoch, and says what is damaged', () => {
    const bench = gathered().ready('a', 'no memory').ready('b', 'no memory');
    expect(bench.save.at(-1)).toMatchObject({ kind: 'stop', damaged: false });
    expect(bench.sent('Status')).toMatchObject({ phase: 'failed' });
    expect(bench.state.stage).toBe('over');
  });

  it('ends the search after its patience without any trainer', () => {
    const bench = new Bench().wait(30_200);
    expect(bench.state.stage).toBe('over');
  });

  it('replays when replicas disagree, and gives up after many replays', () => {
    const bench = gathered();
    for (let i = 0; i < 20; i++) {
      bench.ready('a').ready('b');
      bench.holds('a', { stateDigest: SHA });
      bench.holds('b', { stateDigest: SHA.replace('c', 'd') });
      expect(bench.recorded().slice(0, 2)).toEqual(['rolled-back', 'fence-raised']);
    }
    bench.ready('a').ready('b').holds('a', { stateDigest: SHA });
    bench.holds('b', { stateDigest: SHA.replace('c', 'd') });
    expect(bench.save.at(-1)).toMatchObject({ kind: 'stop' });
  });
});

describe('snapshots', () => {
  const ending = (): Bench => gathered().ready('a').ready('b').holds('a').holds('b').holds('a').holds('b');

  it('are read before their epoch counts', () => {
    const bench = ending().trained('a').trained('b', { written: false });
    expect(bench.saved()).toEqual(['check-snapshot']);
    expect(bench.recorded()).toEqual([]);
    bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
    expect(bench.recorded()).toEqual(['epoch-trained']);
  });

  it('are written by another member when the first one wrote what cannot be read', () => {
    const bench = ending().trained('a').trained('b', { written: false });
    bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: 'torn' });
    expect(bench.recorded()).toEqual([]);
    expect(bench.sent('Directive')).toMatchObject({ members: ['b'], end: { writer: 'b' } });
    bench.trained('b');
    bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
    expect(bench.recorded()).toEqual(['epoch-trained']);
  });

  it('that are damaged when the epoch is to be evaluated roll it back', () => {
    const bench = gathered().trainEpoch();
    bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: 'flipped' });
    expect(bench.recorded()).toEqual(['rolled-back', 'fence-raised', 'epoch-planned']);
    expect(bench.search.phase).toBe('training');
    bench.trainEpoch().evaluateEpoch();
    expect(bench.search.epoch).toBe(2);
  });

  it('of an epoch whose trainers name different digests do not count', () => {
    const bench = ending().trained('a');
    bench.trained('b', { sha256: 'ab'.repeat(32), written: false });
    expect(bench.recorded().slice(0, 2)).toEqual(['rolled-back', 'fence-raised']);
  });

  it('that differ raise the fence, and the roll is called at once', () => {
    const bench = ending().trained('a');
    const isCalled = (): boolean => bench.send.some(({ name }) => name === 'RollCall');
    while (!isCalled()) bench.wait(100, ['a', 'b']);
    bench.wait(100, ['a', 'b']);
    expect(isCalled()).toBe(false);
    bench.trained('b', { sha256: 'ab'.repeat(32), written: false }).wait(100, ['a', 'b']);
    expect(isCalled()).toBe(true);
  });
});

describe('a restart of the actor in mid-epoch', () => {
  it('goes on with a trainer that stands where the journal ends', () => {
    const first = gathered().ready('a').ready('b').holds('a').holds('b');
    const bench = new Bench({ ...SETUP, expectedTrainers: 4 }, first.events);
    expect(bench.stage).toBe('adopting');
    expect(bench.fence).toBe(2);
    bench.hello('a', { position: { epoch: 1, appliedStep: 1 } });
    bench.hello('b', { position: { epoch: 1, appliedStep: 0 } });
    bench.hello('c', { position: { epoch: 1, appliedStep: 7 } });
    bench.wait(3200, ['a', 'b', 'c']);
    expect(bench.stage).toBe('stepping');
    // c stands elsewhere: it joins anew.
    expect(bench.state.training.members).toEqual(['a', 'b', 'c']);
    expect([...bench.state.training.joining]).toEqual(['c']);
    expect(bench.search.rollbacks).toBe(0);
  });

  it('waits no longer once all trainers are here, standing there or not', () => {
    const first = gathered().ready('a').ready('b').holds('a').holds('b');
    const adopted = new Bench(SETUP, first.events).hello('a');
    expect(adopted.stage).toBe('adopting');
    adopted.hello('b', { position: { epoch: 1, appliedStep: 1 } });
    expect(adopted.stage).toBe('stepping');
    expect(adopted.state.training.members).toEqual(['a', 'b']);
    const rolledBack = new Bench(SETUP, first.events).hello('a').hello('a').hello('b');
    expect(rolledBack.search).toMatchObject({ rollbacks: 1, step: 0 });
  });

  it('waits its time where nobody knows how many trainers there are', () => {
    const first = gathered().ready('a').ready('b').holds('a').holds('b');
    const bench = new Bench({ ...SETUP, expectedTrainers: 0 }, first.events).hello('a').hello('b');
    expect(bench.stage).toBe('adopting');
    expect(bench.wait(3200, ['a', 'b']).search.rollbacks).toBe(1);
  });

  it('rolls back when no trainer stands there', () => {
    const first = gathered().ready('a').ready('b').holds('a').holds('b');
    const bench = new Bench(SETUP, first.events).hello('a').wait(3200, ['a']);
    expect(bench.search).toMatchObject({ rollbacks: 1, step: 0 });
  });
});

describe('evaluation', () => {
  const evaluating = (): Bench => {
    const bench = gathered().trainEpoch();
    return bench.put({ kind: 'snapshot-checked', sha256: SHA, problem: null });
  };

  it('empties the queue, then asks for every individual and measures sizes beside it', () => {
    const bench = evaluating();
    expect(bench.saved()).toEqual(['empty-queue']);
    bench.put({ kind: 'queue-emptied' });
    expect(bench.saved().filter((kind) => kind === 'measure')).toHaveLength(SHORT.population);
    const ask = bench.save.find((command) => command.kind === 'enqueue');
    expect(ask?.requests).toHaveLength(SHORT.population);
  });

  it('counts the first result of a key, and answers every one', () => {
    const bench = evaluating().put({ kind: 'queue-emptied' });
    const individual = bench.search.evaluees[0]!;
    bench.result(individual, { value: 0.5 });
    expect(bench.recorded()).toEqual(['evaluated']);
    expect(bench.sent('Receipt')).toEqual({ accepted: true });
    bench.result(individual, { value: 0.9 });
    expect(bench.recorded()).toEqual([]);
    expect(bench.sent('Receipt')).toEqual({ accepted: true });
    expect(bench.state.evaluation.duplicates).toBe(1);
    expect(bench.search.measured.get(individual)!['accuracy']!.value).toBe(0.5);
  });

  it.each([1.7e308, NaN, Infinity])('records %d as a failure, never as a value', (value) => {
    const bench = evaluating().put({ kind: 'queue-emptied' });
    bench.result(bench.search.evaluees[0]!, { value });
    expect(bench.recorded()).toEqual(['evaluation-failed', 'evaluation-failed']);
  });

  it('records a table of confusions of another size as a failure', () => {
    const bench = evaluating().put({ kind: 'queue-emptied' });
    bench.result(bench.search.evaluees[0]!, { confusion: [1, 2, 3] });
    expect(bench.recorded()).toEqual(['evaluation-failed', 'evaluation-failed']);
    expect(bench.record[0]).toMatchObject({ reason: expect.stringContaining('2 x 2') as string });
    expect(bench.sent('Receipt')).toEqual({ accepted: true });
  });

  it('tries the queue again when it fails, without holding anything else up', () => {
    const bench = evaluating();
    bench.put({ kind: 'queue-failed', reason: 'no stream' });
    bench.hello('c');
    expect(bench.sent('Welcome')).toMatchObject({ accepted: true });
    const asked: number[] = [];
    for (let i = 0; i < 10; i++)
      if (bench.wait(100, ['a', 'b', 'c']).saved().includes('empty-queue')) asked.push(bench.now);
    expect(asked).toHaveLength(1);
  });

  it('asks again when nothing comes for a minute, and when the broker is back', () => {
    const bench = evaluating().put({ kind: 'queue-emptied' }).put({ kind: 'enqueued' });
    let asked = 0;
    for (let i = 0; i < 610; i++) if (bench.wait(100, ['a', 'b']).saved().includes('enqueue')) asked++;
    expect(asked).toBe(1);
    expect(bench.put({ kind: 'reconnected' }).saved()).toEqual(['enqueue']);
  });

  it('ends the search when nothing could be measured', () => {
    const bench = evaluating().put({ kind: 'queue-emptied' });
    bench.finishLocal();
    for (const individual of bench.search.evaluees) bench.result(individual, { error: 'broken' });
    expect(bench.save.at(-1)).toMatchObject({ kind: 'stop', damaged: false });
  });
});

describe('a minimum of trainers', () => {
  it('is waited for, however long, and does not hold up the epochs after the first', () => {
    const bench = new Bench({ ...SETUP, expectedTrainers: 2, minTrainers: 2 }).hello('a');
    const { patienceMs, gatherMs } = SETUP.timing;
    bench.wait(2 * Math.max(patienceMs, gatherMs), ['a']);
    bench.wait(2 * Math.max(patienceMs, gatherMs)).hello('a');
    expect(bench.search.phase).toBe('planning');
    expect(bench.save.some(({ kind }) => kind === 'stop')).toBe(false);
    bench.hello('b');
    expect(bench.search.phase).toBe('training');
    expect(bench.state.training.members).toEqual(['a', 'b']);
    expect(bench.state.gathered).toBe(true);
  });
});

describe('who may join', () => {
  it('fixes the arithmetic of most trainers, not of the first to come', () => {
    const setup = { ...SETUP, expectedTrainers: 3 };
    const bench = new Bench(setup).hello('stranger', { fingerprint: 'other' }).hello('a').hello('b');
    expect(bench.search.numerics?.fingerprint).toBe('host');
    expect(bench.state.training.members).toEqual(['a', 'b']);
    bench.hello('stranger', { fingerprint: 'other' });
    expect(bench.sent('Welcome')?.accepted).toBe(false);
    expect(bench.sent('Welcome')?.reason).toContain('engine.numerics');
  });

  it('refuses another version of the protocol with what to do', () => {
    const bench = new Bench().hello('a', { protocol: 9 });
    expect(bench.sent('Welcome')).toMatchObject({ accepted: false });
    expect(bench.sent('Welcome')?.reason).toContain('same version');
    expect(bench.state.membership.workers.size).toBe(0);
  });

  it('refuses more different workers than any run has', () => {
    const bench = new Bench();
    const known = new Map(Array.from({ length: 4096 }, (_, i) => [`w${i}`, 'evaluator' as const]));
    bench.state = { ...bench.state, membership: { ...bench.state.membership, known } };
    bench.hello('w7', { role: 'evaluator' });
    expect(bench.sent('Welcome')?.accepted).toBe(true);
    bench.hello('one-more');
    expect(bench.sent('Welcome')?.accepted).toBe(false);
  });
});
