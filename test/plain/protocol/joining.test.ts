/** A trainer that comes in mid-epoch: when it becomes a member, and how it gets the weights. */
import { describe, expect, it } from 'vitest';
import { digestOf } from '#emars/gradient/chunks.js';
import type { Message } from '#emars/wire/messages.js';
import { Bench, SETUP, SHORT } from './evolution-support.js';
import { leasesOf, LENGTHS, STATE_WORDS, stepOf, TestTrainer } from './trainers.js';

const LONG = { ...SETUP, rules: { ...SHORT, stepsPerEpoch: 3 } };
/** Step 0 is at work, by a and b. */
const stepping = (): Bench => new Bench(LONG).hello('a').hello('b').ready('a').ready('b');
const members = (bench: Bench): readonly string[] => bench.state.training.members;

describe('the evolution machine, when a trainer comes in mid-epoch', () => {
  it('makes it a member with the next step, and says what the epoch is', () => {
    const bench = stepping().hello('c');
    expect(members(bench)).toEqual(['a', 'b']);
    bench.holds('a').holds('b');
    expect(bench.recorded()).toEqual(['step-committed']);
    const directive = bench.sent('Directive')!;
    expect(directive.members).toEqual(['a', 'b', 'c']);
    expect(directive.step).toMatchObject({ step: 1, joining: { trainers: ['c'], plan: { firstStep: 0 } } });
    expect(directive.step!.leases.some(({ owner }) => owner === 'c')).toBe(true);
  });

  it('commits that step once it holds it, too, and names it as joining no more', () => {
    const bench = stepping().hello('c').holds('a').holds('b');
    bench.holds('a').holds('b');
    expect(bench.recorded()).toEqual([]);
    bench.holds('c');
    expect(bench.recorded()).toEqual(['step-committed']);
    expect(bench.sent('Directive')!.step).toMatchObject({ step: 2, joining: null });
    expect(bench.state.tally.joinedAt.get('c')).toBe(1);
  });

  it('takes a restarted trainer in again within the epoch', () => {
    const bench = stepping().hello('b', { incarnation: 'b-2' });
    expect(members(bench)).toEqual(['a']);
    bench.holds('a');
    expect(members(bench)).toEqual(['a', 'b']);
  });

  it('goes on without one that falls silent while it joins', () => {
    const bench = stepping().hello('c').holds('a').holds('b').wait(2200, ['a', 'b']);
    expect(members(bench)).toEqual(['a', 'b']);
    bench.holds('a').holds('b');
    expect(bench.recorded()).toEqual(['step-committed']);
  });

  it('begins the epoch again when only trainers without weights are left', () => {
    const bench = stepping().hello('c').holds('a').holds('b').wait(2200, ['c']);
    expect(bench.events.map(({ type }) => type)).toContain('rolled-back');
  });

  it('lets no trainer join the end of an epoch', () => {
    const bench = stepping();
    for (let i = 0; i < 2; i++) bench.holds('a').holds('b');
    bench.hello('c').holds('a').holds('b');
    expect(bench.stage).toBe('ending');
    expect(members(bench)).toEqual(['a', 'b']);
  });
});

describe('the evolution machine, when a worker wants to leave', () => {
  const leave = (bench: Bench, id: string): boolean =>
    bench.receive('Leave', { id, incarnation: `${id}-1`, fence: bench.fence }, 'inbox').sent('Receipt')!
      .accepted;

  it('keeps a member to the end of its step, repeats no slot for it, and then lets it go', () => {
    const bench = stepping();
    expect(leave(bench, 'b')).toBe(false);
    bench.holds('a').holds('b');
    expect(bench.record[0]).toMatchObject({ type: 'step-committed', repeated: 0 });
    expect(members(bench)).toEqual(['a']);
    expect(leave(bench, 'b')).toBe(true);
    bench.holds('a');
    expect(bench.recorded()).toEqual(['step-committed']);
  });

  it('keeps the last one that holds the weights until the epoch is trained', () => {
    const bench = stepping();
    expect([leave(bench, 'a'), leave(bench, 'b')]).toEqual([false, false]);
    for (let i = 0; i < 3; i++) bench.holds('a').holds('b');
    expect(bench.stage).toBe('ending');
    expect(leave(bench, 'a')).toBe(false);
    bench
      .trained('a')
      .trained('b')
      .put({ kind: 'snapshot-checked', sha256: 'cd'.repeat(32), problem: null });
    expect([leave(bench, 'a'), leave(bench, 'b')]).toEqual([true, true]);
    expect(bench.events.some(({ type }) => type === 'rolled-back')).toBe(false);
  });

  it('lets the last one go when another has taken the weights over', () => {
    const bench = stepping().wait(2200, ['a']).hello('c');
    expect(leave(bench, 'a')).toBe(false);
    bench.holds('a');
    expect(members(bench)).toEqual(['a', 'c']);
    bench.holds('a').holds('c');
    expect(members(bench)).toEqual(['c']);
    expect(leave(bench, 'a')).toBe(true);
  });

  it('lets go at once who is no member, or not known at all', () => {
    const bench = stepping().hello('e', { role: 'evaluator' });
    expect(leave(bench, 'e')).toBe(true);
    expect(bench.state.membership.workers.has('e')).toBe(false);
    expect(leave(bench, 'stranger')).toBe(true);
  });
});

/** The learned state of `holder` after step 0, as its shell would copy it. */
const STATE = Float32Array.from({ length: STATE_WORDS }, (_, i) => i / 3);
const copy = (step: number) => ({ step, words: STATE, digest: digestOf(STATE) });

const LEASES = leasesOf(['holder', 'late']);
const JOIN = stepOf(['holder', 'late'], 0, LEASES, { joining: ['late'] });

function holder(): TestTrainer {
  return new TestTrainer('holder').begin(['holder']).receive('Directive', JOIN);
}

function late(directive = JOIN): TestTrainer {
  const trainer = new TestTrainer('late').give({ kind: 'welcomed', fence: 1 });
  return trainer.receive('Directive', directive);
}

/** Carries requests and pieces between the two; `keeps` says which pieces arrive. */
function carry(from: TestTrainer, to: TestTrainer, keeps: (index: number) => boolean = () => true): void {
  for (let open = true; open;) {
    open = false;
    for (const request of to.messages('StateRequest')) {
      from.receive('StateRequest', request as Message<'StateRequest'>);
      if (from.saved.some(({ kind }) => kind === 'copy-state'))
        from.give({ kind: 'state-copied', copy: copy(0) });
      const chunks = from.messages('StateChunk') as Message<'StateChunk'>[];
      for (const chunk of chunks) if (keeps(chunk.index)) to.receive('StateChunk', chunk);
      open = to.messages('StateRequest').length > 0 && chunks.length > 0;
    }
  }
}

describe('a trainer that joins', () => {
  it('asks a member for a window of the state, and for the next one when that is here', () => {
    const trainer = late();
    expect(trainer.messages('StateRequest')).toEqual([
      { from: 'late', fence: 1, step: 0, chunks: [0, 1, 2, 3] },
    ]);
    expect(trainer.sent[0]).toMatchObject({ to: 'holder' });
    const giver = holder();
    giver.receive('StateRequest', trainer.messages('StateRequest')[0] as Message<'StateRequest'>);
    giver.give({ kind: 'state-copied', copy: copy(0) });
    for (const chunk of giver.messages('StateChunk').slice(0, 3))
      expect(trainer.receive('StateChunk', chunk as Message<'StateChunk'>).sent).toEqual([]);
    trainer.receive('StateChunk', giver.messages('StateChunk')[3] as Message<'StateChunk'>);
    expect(trainer.messages('StateRequest')).toMatchObject([{ chunks: [4, 5, 6, 7] }]);
  });

  it('loads the whole state, wants the slots of the step and computes its own', () => {
    const trainer = late();
    carry(holder(), trainer);
    trainer.give({ kind: 'evaluations-paused' });
    const command = trainer.saved.find(({ kind }) => kind === 'join-epoch')!;
    expect(command).toMatchObject({ step: 0, epoch: 1, plan: { firstStep: 0 }, words: STATE });
    trainer.give({ kind: 'epoch-loaded', lengths: LENGTHS, error: null });
    expect(trainer.saved).toMatchObject([{ kind: 'compute', step: 0, lease: { slot: 1 } }]);
    expect(trainer.messages('SlotsHeld')).toMatchObject([{ step: 0, appliedStep: 0, behind: false }]);
    // Told once more, it does not begin anew.
    expect(trainer.receive('Directive', JOIN).messages('StateRequest')).toEqual([]);
  });

  it('says nothing of the step before it has the weights', () => {
    const trainer = late();
    expect(trainer.messages('SlotsHeld')).toEqual([]);
    expect(trainer.tick(10).messages('SlotsHeld')).toEqual([]);
  });

  it('asks again for a piece that was lost, and takes the answer', () => {
    const giver = holder();
    const trainer = late();
    carry(giver, trainer, (index) => index !== 2);
    trainer.tick(60);
    expect(trainer.messages('StateRequest')).toMatchObject([{ chunks: [2, 4, 5, 6] }]);
    giver.receive('StateRequest', trainer.messages('StateRequest')[0] as Message<'StateRequest'>);
    const [piece] = giver.messages('StateChunk') as Message<'StateChunk'>[];
    expect(trainer.state.incoming!.assembly.missing()).toContain(2);
    trainer.receive('StateChunk', piece!);
    expect(trainer.state.incoming!.assembly.missing()).not.toContain(2);
  });

  it('turns to another member when one does not answer', () => {
    const all = ['holder', 'late', 'other'];
    const trainer = late(stepOf(all, 0, LEASES, { joining: ['late'] }));
    const asked = new Set<string | null>();
    for (let i = 0; i < 6; i++) {
      for (const { name, to } of trainer.tick(60).sent) if (name === 'StateRequest') asked.add(to);
    }
    expect([...asked].sort()).toEqual(['holder', 'other']);
  });

  it('does not take a state for whole whose digest is another one', () => {
    const giver = holder();
    const trainer = late();
    const request = trainer.messages('StateRequest')[0] as Message<'StateRequest'>;
    giver.receive('StateRequest', request);
    giver.give({ kind: 'state-copied', copy: { ...copy(0), digest: 'ab'.repeat(32) } });
    for (let open = giver.messages('StateChunk'); open.length > 0;) {
      for (const chunk of open) trainer.receive('StateChunk', chunk as Message<'StateChunk'>);
      const [next] = trainer.messages('StateRequest');
      if (next!.chunks![0] === 0) break;
      open = giver.receive('StateRequest', next as Message<'StateRequest'>).messages('StateChunk');
    }
    trainer.give({ kind: 'evaluations-paused' });
    expect(trainer.saved.map(({ kind }) => kind)).not.toContain('join-epoch');
    expect(trainer.state.incoming).toMatchObject({ tries: 1, digest: null });
  });
});

describe('a member that is asked for its state', () => {
  const request = { from: 'late', fence: 1, step: 0, chunks: [0] };

  it('copies it once for all that ask, and keeps nothing after the next commit', () => {
    const giver = holder();
    expect(giver.receive('StateRequest', request).saved).toEqual([{ kind: 'copy-state', step: 0 }]);
    expect(giver.receive('StateRequest', request).saved).toEqual([]);
    expect(giver.give({ kind: 'state-copied', copy: copy(0) }).messages('StateChunk')).toHaveLength(1);
    expect(giver.receive('StateRequest', { ...request, chunks: [1, 2] }).messages('StateChunk')).toHaveLength(
      2,
    );
    expect(giver.state.sharing.copy).not.toBeNull();
  });

  it('gives no copy away that is of another step than it stands at', () => {
    const giver = holder().receive('StateRequest', request);
    expect(giver.give({ kind: 'state-copied', copy: copy(1) }).messages('StateChunk')).toEqual([]);
    expect(giver.saved).toEqual([{ kind: 'copy-state', step: 0 }]);
  });

  it('does not answer strangers, other fences, or requests of other steps', () => {
    const giver = holder();
    for (const change of [{ from: 'stranger' }, { fence: 2 }, { step: 5 }])
      expect(giver.receive('StateRequest', { ...request, ...change }).saved).toEqual([]);
  });

  it('waits with a request that is one commit ahead', () => {
    const giver = holder();
    expect(giver.receive('StateRequest', { ...request, step: 1 }).saved).toEqual([]);
    expect(giver.state.sharing.requests.size).toBe(1);
  });
});
