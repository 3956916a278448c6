/** The trainer machine: from an epoch's plan to its end, and what goes wrong in between. */
import { describe, expect, it } from 'vitest';
import type { TrainerCommand } from '#emars/protocol/trainer/commands.js';
import { positionOf } from '#emars/protocol/trainer/trainer-state.js';
import {
  chunksOf,
  commitOf,
  endOf,
  genomeOf,
  leasesOf,
  LENGTHS,
  planOf,
  SHA,
  stepOf,
  TestTrainer,
  vectorOf,
} from './trainers.js';

const kinds = (commands: readonly TrainerCommand[]): string[] => commands.map(({ kind }) => kind);
const ALONE = ['a'];
const BOTH = ['a', 'b'];

/** Trainer a has computed both slots of step 0, alone. */
function aloneAtTheEndOfStep0(): TestTrainer {
  const a = new TestTrainer('a').begin(ALONE);
  a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'a'])));
  a.give({ kind: 'slot-computed', vector: vectorOf(0) });
  return a.give({ kind: 'slot-computed', vector: vectorOf(1) });
}

describe('a trainer prepares an epoch', () => {
  it('ends evaluations, loads the weights, then says that it is ready, as often as it is asked', () => {
    const a = new TestTrainer('a');
    expect(kinds(a.give({ kind: 'welcomed', fence: 1 }).saved)).toEqual(['resume-evaluations']);
    expect(kinds(a.receive('Directive', planOf(ALONE)).saved)).toEqual(['pause-evaluations']);
    expect(a.receive('Directive', planOf(ALONE)).saved).toEqual([]);
    a.give({ kind: 'evaluations-paused' });
    expect(a.saved).toMatchObject([{ kind: 'load-epoch', fence: 1, epoch: 1, reuse: false }]);
    a.give({ kind: 'epoch-loaded', lengths: LENGTHS, error: null });
    expect(a.messages('EpochReady')).toEqual([{ id: 'a', fence: 1, epoch: 1, error: null }]);
    expect(a.receive('Directive', planOf(ALONE)).messages('EpochReady')).toHaveLength(1);
    expect(a.saved).toEqual([]);
    expect(positionOf(a.state)).toEqual({ epoch: 1, appliedStep: 0 });
  });

  it('says why it cannot, and tries again when it is asked again', () => {
    const a = new TestTrainer('a');
    a.give({ kind: 'welcomed', fence: 1 }).receive('Directive', planOf(ALONE));
    a.give({ kind: 'evaluations-paused' });
    a.give({ kind: 'epoch-loaded', error: 'no such snapshot' });
    expect(a.messages('EpochReady')).toEqual([{ id: 'a', fence: 1, epoch: 1, error: 'no such snapshot' }]);
    expect(a.saved).toEqual([]);
    expect(kinds(a.receive('Directive', planOf(ALONE)).saved)).toEqual(['load-epoch']);
  });

  it('does not take part before it is welcome', () => {
    const a = new TestTrainer('a').receive('Directive', planOf(ALONE, { fence: 0 }));
    expect([a.saved, a.sent]).toEqual([[], []]);
    expect(positionOf(a.state)).toBeNull();
  });

  it('loads the snapshot of a plan under a new fence, even of the epoch it holds', () => {
    const a = aloneAtTheEndOfStep0();
    a.give({ kind: 'welcomed', fence: 2 });
    const plan = { ...planOf(ALONE).plan!, snapshot: SHA };
    a.receive('Directive', planOf(ALONE, { fence: 2, plan }));
    expect(a.saved).toMatchObject([{ kind: 'load-epoch', fence: 2, reuse: false, plan: { snapshot: SHA } }]);
  });

  it('stands at the step that the weights of the plan have seen, in mid-epoch', () => {
    const a = new TestTrainer('a').give({ kind: 'welcomed', fence: 1 });
    const plan = { ...planOf(ALONE).plan!, snapshot: SHA, startStep: 2 };
    a.receive('Directive', planOf(ALONE, { plan })).give({ kind: 'evaluations-paused' });
    a.give({ kind: 'epoch-loaded', lengths: LENGTHS, error: null });
    expect(positionOf(a.state)).toEqual({ epoch: 1, appliedStep: 2 });
    a.receive('Directive', stepOf(ALONE, 2, leasesOf(['a', 'a'])));
    expect(a.saved).toMatchObject([{ kind: 'compute', step: 2, stepInEpoch: 2 }]);
  });

  it('leaves out the slots of a plan whose schedule names no individual', () => {
    const a = new TestTrainer('a').give({ kind: 'welcomed', fence: 1 });
    const plan = { ...planOf(ALONE).plan!, schedule: [0, 2] };
    expect(a.receive('Directive', planOf(ALONE, { plan })).saved).toEqual([]);
  });
});

describe('a trainer follows a step', () => {
  it('computes its leases one after the other and says what it holds', () => {
    const a = new TestTrainer('a').begin(BOTH);
    const leases = leasesOf(['a', 'b']);
    a.receive('Directive', stepOf(BOTH, 0, leases));
    expect(a.saved).toEqual([
      {
        kind: 'compute',
        isCheck: false,
        epoch: 1,
        step: 0,
        stepInEpoch: 0,
        lease: leases[0],
        genome: genomeOf(0),
      },
    ]);
    expect(a.messages('SlotsHeld')).toMatchObject([{ step: 0, held: [], behind: false }]);
    a.give({ kind: 'slot-computed', vector: vectorOf(0) });
    expect(a.saved).toEqual([]);
    expect(a.messages('SlotsHeld')).toMatchObject([{ held: [{ slot: 0, owner: 'a', bad: null }] }]);
    expect(a.messages('GradientChunk').map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const chunk of chunksOf(0, leases[1]!, vectorOf(1))) a.receive('GradientChunk', chunk);
    expect(a.messages('SlotsHeld')[0]!.held!.map(({ slot }) => slot)).toEqual([0, 1]);
  });

  it('applies a commit before the next step, with the genomes of its slots, and tells its digest now and then', () => {
    const a = aloneAtTheEndOfStep0();
    const commit = commitOf(a, 0);
    a.receive('Directive', stepOf(ALONE, 1, leasesOf(['a', 'a'], 1, 7), { commit }));
    expect(a.saved).toEqual([
      {
        kind: 'apply',
        step: 0,
        digest: false,
        slots: [0, 1].map((slot) => ({ slot, genome: genomeOf(slot), vector: vectorOf(slot) })),
      },
    ]);
    expect(a.sent).toEqual([]);
    a.give({ kind: 'applied', digest: null, failure: null });
    expect(a.saved).toMatchObject([{ kind: 'compute', step: 1, lease: { slot: 0, number: 7 } }]);
    a.give({ kind: 'slot-computed', vector: vectorOf(0) }).give({
      kind: 'slot-computed',
      vector: vectorOf(1),
    });
    a.receive('Directive', stepOf(ALONE, 2, leasesOf(['a', 'a'], 1, 9), { commit: commitOf(a, 1) }));
    expect(a.saved).toMatchObject([{ kind: 'apply', step: 1, digest: true }]);
    a.give({ kind: 'applied', digest: SHA, failure: null });
    expect(a.messages('SlotsHeld')).toMatchObject([{ step: 2, stateDigest: SHA }]);
  });

  it('passes a diverged slot on without a vector', () => {
    const a = new TestTrainer('a').begin(ALONE);
    a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'a'])));
    a.give({ kind: 'slot-computed', bad: 'value 3 of 10 is NaN' });
    expect(a.messages('SlotsHeld')[0]!.held).toMatchObject([
      { slot: 0, digest: null, bad: 'value 3 of 10 is NaN' },
    ]);
    expect(a.messages('GradientChunk')).toEqual([]);
    a.give({ kind: 'slot-computed', vector: vectorOf(1) });
    const [first, second] = commitOf(a, 0).slots;
    const commit = { step: 0, slots: [{ ...first!, digest: null, diverged: true }, second!] };
    a.receive('Directive', stepOf(ALONE, 1, leasesOf(['a', 'a'], 1, 7), { commit }));
    expect(a.saved).toMatchObject([{ kind: 'apply', slots: [{ vector: null }, { vector: vectorOf(1) }] }]);
  });

  it('does not compute a bad slot again until it is leased again', () => {
    const a = new TestTrainer('a').begin(ALONE);
    a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'b'])));
    a.give({ kind: 'slot-computed', bad: 'NaN' });
    expect(a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'b']))).saved).toEqual([]);
    a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'b'], 1, 5)));
    expect(a.saved).toMatchObject([{ kind: 'compute', lease: { slot: 0, number: 5 } }]);
  });

  it('drops what it computed for a lease that has gone to another trainer', () => {
    const a = new TestTrainer('a').begin(BOTH);
    a.receive('Directive', stepOf(BOTH, 0, leasesOf(['a', 'b'])));
    a.receive('Directive', stepOf(BOTH, 0, leasesOf(['b', 'b'], 1, 5)));
    a.give({ kind: 'slot-computed', vector: vectorOf(0) });
    expect(a.messages('GradientChunk')).toEqual([]);
    expect(a.messages('SlotsHeld')).toMatchObject([{ held: [] }]);
  });

  it('moves no weights while a slot is being computed on them', () => {
    const a = new TestTrainer('a').begin(BOTH);
    const leases = leasesOf(['b', 'b'], 1, 5);
    a.receive('Directive', stepOf(BOTH, 0, leasesOf(['a', 'b'])));
    a.receive('Directive', stepOf(BOTH, 0, leases));
    for (const slot of [0, 1])
      for (const chunk of chunksOf(0, leases[slot]!, vectorOf(slot))) a.receive('GradientChunk', chunk);
    a.receive('Directive', stepOf(BOTH, 1, leasesOf(['b', 'b'], 1, 9), { commit: commitOf(a, 0) }));
    expect(a.saved).toEqual([]);
    expect(kinds(a.give({ kind: 'slot-computed', vector: vectorOf(0) }).saved)).toEqual(['apply']);
  });

  it('asks for the slots of a commit that are not here, applies it when they come', () => {
    const a = new TestTrainer('a').begin(BOTH);
    const leases = leasesOf(['b', 'b']);
    const b = new TestTrainer('b').begin(BOTH);
    b.receive('Directive', stepOf(BOTH, 0, leases));
    b.give({ kind: 'slot-computed', vector: vectorOf(0) }).give({
      kind: 'slot-computed',
      vector: vectorOf(1),
    });
    // a has never heard of the leases of step 0.
    const next = stepOf(BOTH, 1, leasesOf(['b', 'b'], 1, 7), { commit: commitOf(b, 0) });
    expect(a.receive('Directive', next).sent).toEqual([]);
    expect(a.tick(60).messages('ChunkRequest')).toMatchObject([
      { slot: 0, step: 0, missing: [0, 1, 2] },
      { slot: 1, step: 0, missing: [0] },
      { slot: 0, step: 1 },
      { slot: 1, step: 1 },
    ]);
    for (const slot of [0, 1])
      for (const chunk of chunksOf(0, leases[slot]!, vectorOf(slot))) a.receive('GradientChunk', chunk);
    expect(kinds(a.saved)).toEqual(['apply']);
  });

  it('says that it is behind when they do not come, or when it has missed a step', () => {
    const a = new TestTrainer('a').begin(BOTH);
    const slots = leasesOf(['b', 'b']).map((lease) => ({ ...lease, digest: SHA }));
    const next = stepOf(BOTH, 1, leasesOf(['b', 'b'], 1, 7), { commit: { step: 0, slots } });
    a.receive('Directive', next);
    a.tick(501);
    expect(a.receive('Directive', next).messages('SlotsHeld')).toMatchObject([
      { behind: true, appliedStep: 0, held: [] },
    ]);
    const c = new TestTrainer('c').begin(['c']);
    c.receive('Directive', stepOf(['c'], 2, [], { commit: { step: 1, slots } }));
    expect(c.messages('SlotsHeld')).toMatchObject([{ behind: true }]);
  });
});

describe('a trainer holds to its fence', () => {
  it('a directive of a fence it was not welcomed under changes nothing, however high', () => {
    const a = aloneAtTheEndOfStep0();
    const before = a.state;
    for (const fence of [0, 2, 4_000_000_000]) {
      a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'a'], fence, 50), { fence }));
      expect([a.saved, a.sent]).toEqual([[], []]);
    }
    expect(a.state).toEqual(before);
    expect(a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'a']))).messages('SlotsHeld')).toHaveLength(
      1,
    );
  });

  it('goes on in mid-epoch under the fence of a new welcome, with what it holds', () => {
    const a = aloneAtTheEndOfStep0();
    const commit = commitOf(a, 0);
    a.give({ kind: 'welcomed', fence: 2 });
    expect(a.saved).toEqual([]);
    expect(a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'a']))).sent).toEqual([]);
    a.receive('Directive', stepOf(ALONE, 1, leasesOf(['a', 'a'], 2, 1), { fence: 2, commit }));
    expect(kinds(a.saved)).toEqual(['apply']);
    a.give({ kind: 'applied', digest: null, failure: null });
    expect(a.messages('SlotsHeld')).toMatchObject([{ fence: 2, step: 1, appliedStep: 1 }]);
    expect(a.saved).toMatchObject([{ kind: 'compute', lease: { fence: 2 } }]);
  });

  it('a welcome that was overtaken does not lower it', () => {
    const a = new TestTrainer('a').give({ kind: 'welcomed', fence: 3 }).give({ kind: 'welcomed', fence: 2 });
    expect(a.state.fence).toBe(3);
  });

  it('a directive that was overtaken by a later one is not followed', () => {
    const a = aloneAtTheEndOfStep0();
    a.receive('Directive', stepOf(ALONE, 1, leasesOf(['a', 'a'], 1, 7), { commit: commitOf(a, 0) }));
    a.give({ kind: 'applied', digest: null, failure: null });
    for (const late of [stepOf(ALONE, 0, leasesOf(['a', 'a'])), planOf(ALONE), planOf(ALONE, { epoch: 0 })])
      expect(a.receive('Directive', late).sent).toEqual([]);
    expect(positionOf(a.state)).toEqual({ epoch: 1, appliedStep: 1 });
  });

  it('slots beyond the step are no step', () => {
    const a = new TestTrainer('a').begin(ALONE);
    expect(a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'a', 'a']))).saved).toEqual([]);
    expect(a.receive('Directive', stepOf(ALONE, 77, leasesOf(['a', 'a']))).saved).toEqual([]);
  });
});

describe('a trainer ends an epoch', () => {
  /** At the end of an epoch whose last commit is that of step 0. */
  const atTheEnd = (writer: string): TestTrainer => {
    const a = aloneAtTheEndOfStep0();
    a.receive('Directive', endOf(ALONE, writer, { commit: commitOf(a, 0) }));
    expect(kinds(a.saved)).toEqual(['apply']);
    return a.give({ kind: 'applied', digest: null, failure: null });
  };

  it('applies the last commit, names its digest, and evaluates again', () => {
    const a = atTheEnd('b');
    expect(kinds(a.saved)).toEqual(['digest']);
    a.give({ kind: 'digested', sha256: SHA });
    expect(a.messages('EpochTrained')).toEqual([
      { id: 'a', fence: 1, epoch: 1, sha256: SHA, written: false, error: null },
    ]);
    expect(kinds(a.saved)).toEqual(['resume-evaluations']);
    expect(a.receive('Directive', endOf(ALONE, 'b')).messages('EpochTrained')).toHaveLength(1);
    expect(a.saved).toEqual([]);
  });

  it('as the writer speaks only when the snapshot is on disk', () => {
    const a = atTheEnd('a').give({ kind: 'digested', sha256: SHA });
    expect(a.saved).toEqual([{ kind: 'write-snapshot', epoch: 1, sha256: SHA }]);
    expect(a.receive('Directive', endOf(ALONE, 'a')).sent).toEqual([]);
    a.give({ kind: 'snapshot-written', error: null });
    expect(a.messages('EpochTrained')).toMatchObject([{ written: true, error: null }]);
  });

  it('that goes on after all names no digest of the weights it stopped at before', () => {
    const a = atTheEnd('b').give({ kind: 'digested', sha256: SHA });
    a.give({ kind: 'welcomed', fence: 2 });
    a.receive('Directive', stepOf(ALONE, 1, leasesOf(['a', 'a'], 2), { fence: 2 }));
    a.give({ kind: 'evaluations-paused' });
    for (const slot of [0, 1]) a.give({ kind: 'slot-computed', vector: vectorOf(slot) });
    a.receive('Directive', endOf(ALONE, 'b', { fence: 2, commit: commitOf(a, 1) }));
    expect(kinds(a.saved)).toEqual(['apply']);
    a.give({ kind: 'applied', digest: null, failure: null });
    expect(a.messages('EpochTrained')).toEqual([]);
    expect(kinds(a.saved)).toEqual(['digest']);
  });

  it('becomes the writer when the first one is lost', () => {
    const a = atTheEnd('b').give({ kind: 'digested', sha256: SHA });
    a.receive('Directive', endOf(ALONE, 'a'));
    expect(kinds(a.saved)).toEqual(['write-snapshot']);
  });

  it('says why it cannot write, and tries again when it is asked again', () => {
    const a = atTheEnd('a').give({ kind: 'digested', sha256: SHA });
    a.give({ kind: 'snapshot-written', error: 'no space' });
    expect(a.messages('EpochTrained')).toMatchObject([{ written: false, error: 'no space' }]);
    expect(kinds(a.saved)).not.toContain('write-snapshot');
    expect(kinds(a.receive('Directive', endOf(ALONE, 'a')).saved)).toEqual(['write-snapshot']);
  });

  it('keeps its weights when the next epoch starts from them', () => {
    const a = atTheEnd('b').give({ kind: 'digested', sha256: SHA });
    const plan = { ...planOf(ALONE).plan!, snapshot: SHA, firstStep: 1, startStep: 1 };
    a.receive('Directive', planOf(ALONE, { epoch: 2, plan }));
    a.give({ kind: 'evaluations-paused' });
    expect(a.saved).toMatchObject([{ kind: 'load-epoch', epoch: 2, reuse: true }]);
    const other = atTheEnd('b').give({ kind: 'digested', sha256: 'cd'.repeat(32) });
    other.receive('Directive', planOf(ALONE, { epoch: 2, plan }));
    other.give({ kind: 'evaluations-paused' });
    expect(other.saved).toMatchObject([{ kind: 'load-epoch', reuse: false }]);
  });
});

describe('a trainer that is not part of an epoch', () => {
  it('evaluates, and prepares when it is a member again', () => {
    const a = new TestTrainer('a').begin(BOTH);
    expect(kinds(a.receive('Directive', stepOf(['b'], 0, leasesOf(['b', 'b']))).saved)).toEqual([
      'resume-evaluations',
    ]);
    expect(a.tick(1000).sent).toEqual([]);
    const plan = planOf(BOTH, { epoch: 2 });
    expect(kinds(a.receive('Directive', plan).saved)).toEqual(['pause-evaluations']);
  });

  it('is left out before evaluations have ended: they go on, and their end comes late', () => {
    const a = new TestTrainer('a').give({ kind: 'welcomed', fence: 1 });
    a.receive('Directive', planOf(BOTH));
    expect(kinds(a.receive('Directive', planOf(['b'])).saved)).toEqual(['resume-evaluations']);
    expect(a.give({ kind: 'evaluations-paused' }).saved).toEqual([]);
  });
});

describe('a trainer ends itself', () => {
  it.each([
    [
      'loading an epoch',
      (a: TestTrainer) => a.receive('Directive', planOf(ALONE)).give({ kind: 'evaluations-paused' }),
    ],
    [
      'computing a slot',
      (a: TestTrainer) => a.begin(ALONE).receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'a']))),
    ],
    ['the end of an epoch', (a: TestTrainer) => a.begin(ALONE).receive('Directive', endOf(ALONE, 'a'))],
  ])('when %s goes on beyond its deadline', (_, reach) => {
    const a = new TestTrainer('a').give({ kind: 'welcomed', fence: 1 });
    reach(a);
    expect(a.tick(1000).saved).toEqual([]);
    expect(kinds(a.tick(2001).saved)).toEqual(['fail']);
  });

  it('when it cannot compute, or cannot apply what all others apply', () => {
    const a = new TestTrainer('a').begin(ALONE);
    a.receive('Directive', stepOf(ALONE, 0, leasesOf(['a', 'a'])));
    expect(a.give({ kind: 'slot-computed', failure: 'out of memory' }).saved).toEqual([
      { kind: 'fail', reason: 'out of memory' },
    ]);
    const b = aloneAtTheEndOfStep0();
    b.receive('Directive', stepOf(ALONE, 1, leasesOf(['a', 'a'], 1, 7), { commit: commitOf(b, 0) }));
    expect(kinds(b.give({ kind: 'applied', digest: null, failure: 'lengths differ' }).saved)).toEqual([
      'fail',
    ]);
  });
});
