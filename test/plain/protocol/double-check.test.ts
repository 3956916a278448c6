import { describe, expect, it } from 'vitest';
import { apply } from '#emars/search/apply.js';
import { slotsToCheck } from '#emars/search/double-check.js';
import { initialState } from '#emars/search/state.js';
import { Bench, SETUP, SHORT, SLOT_DIGEST } from './evolution-support.js';
import { leasesOf, stepOf, TestTrainer, vectorOf } from './trainers.js';

const WRONG = '0f'.repeat(32);
const CHECKED = { ...SETUP, doubleCheck: 1, expectedTrainers: 3 };

/** Trainers stand at the first step, each of whose slots is computed twice. */
const stepping = (ids: readonly string[], setup = CHECKED): Bench => {
  const bench = new Bench({ ...setup, expectedTrainers: ids.length });
  for (const id of ids) bench.hello(id);
  for (const id of ids) bench.ready(id);
  return bench;
};

type Asked = readonly { readonly slot: number; readonly owner: string }[];
const asked = (bench: Bench): Asked => bench.state.training.told?.directive.step?.checks ?? [];

/** `id` holds all slots, and has computed those it is asked for to these digests. */
function answers(bench: Bench, id: string, digest: string): Bench {
  const checked = asked(bench)
    .filter(({ owner }) => owner === id)
    .map(({ slot }) => ({ slot, digest, bad: null }));
  return bench.holds(id, { checked });
}

describe('slots that are computed twice', () => {
  it('follow from the seed, are as many as the share says, and are others in another step', () => {
    const share = { seed: 3, share: 0.01 };
    const count = Array.from({ length: 500 }, (_, step) => slotsToCheck(share, step, 100).length);
    const all = count.reduce((sum, each) => sum + each, 0);
    expect(all).toBeGreaterThan(400);
    expect(all).toBeLessThan(600);
    expect(slotsToCheck({ seed: 3, share: 0.5 }, 7, 20)).toEqual(
      slotsToCheck({ seed: 3, share: 0.5 }, 7, 20),
    );
    expect(slotsToCheck({ seed: 3, share: 0.5 }, 7, 20)).not.toEqual(
      slotsToCheck({ seed: 3, share: 0.5 }, 8, 20),
    );
    expect(slotsToCheck({ seed: 3, share: 0 }, 7, 20)).toEqual([]);
  });

  it('are asked of another trainer than the one that holds the lease, and the step waits for it', () => {
    const bench = stepping(['a', 'b', 'c']);
    const leases = bench.state.training.told!.directive.step!.leases;
    expect(asked(bench)).toHaveLength(leases.length);
    for (const { slot, owner } of asked(bench)) expect(owner).not.toBe(leases[slot]!.owner);
    bench.holds('a').holds('b').holds('c');
    expect(bench.recorded()).toEqual([]);
    for (const id of ['a', 'b', 'c']) answers(bench, id, SLOT_DIGEST);
    expect(bench.record).toMatchObject([{ type: 'step-committed', checked: 2 }]);
  });

  it('need no second trainer where there is only one, and none on GPUs or by a share of 0', () => {
    expect(stepping(['a']).holds('a').recorded()).toEqual(['step-committed']);
    expect(asked(stepping(['a', 'b'], { ...CHECKED, doubleCheck: 0 }))).toEqual([]);
    const onGpu = new Bench({ ...CHECKED, expectedTrainers: 2 });
    onGpu.hello('a', { device: 'cuda:0' }).hello('b', { device: 'cuda:1' }).ready('a').ready('b');
    expect(asked(onGpu)).toEqual([]);
  });

  it('are asked of a third when who was asked is lost, or late', () => {
    const bench = stepping(['a', 'b', 'c']);
    const [first] = asked(bench);
    const others = ['a', 'b', 'c'].filter((id) => id !== first!.owner);
    bench.hello(first!.owner, { incarnation: 'new' });
    expect(others).toContain(asked(bench).find(({ slot }) => slot === first!.slot)!.owner);
    const late = stepping(['a', 'b', 'c', 'd']);
    const before = asked(late);
    for (const id of ['a', 'b', 'c', 'd']) late.holds(id);
    late.wait(2500, ['a', 'b', 'c', 'd']);
    expect(asked(late).map(({ owner }) => owner)).not.toEqual(before.map(({ owner }) => owner));
  });
});

describe('two computations that differ', () => {
  it('are settled by a third: who stands alone is quarantined, refused, and the epoch begins again', () => {
    const bench = stepping(['a', 'b', 'c']);
    const liar = asked(bench)[0]!.owner;
    answers(bench, liar, WRONG);
    for (const id of ['a', 'b', 'c']) if (id !== liar) answers(bench, id, SLOT_DIGEST);
    for (const id of ['a', 'b', 'c']) if (id !== liar) answers(bench, id, SLOT_DIGEST);
    expect([...bench.search.quarantined.keys()]).toEqual([liar]);
    expect(bench.events.map(({ type }) => type).slice(-4)).toEqual([
      ...['worker-quarantined', 'rolled-back', 'fence-raised', 'epoch-planned'],
    ]);
    expect(bench.state.training.members).not.toContain(liar);
    bench.hello(liar, { incarnation: 'again' });
    expect(bench.sent('Welcome')).toMatchObject({ accepted: false });
    expect(bench.sent('Welcome')!.reason).toMatch(
      /quarantined, got .: it computed slot \d of step 0 otherwise/,
    );
    const folded = bench.events.reduce((state, event) => apply(SHORT, state, event), initialState());
    expect(folded.quarantined).toEqual(bench.search.quarantined);
  });

  it('of the only two trainers accuse neither: the epoch begins again, and in the end the search stops', () => {
    const bench = stepping(['a', 'b']);
    for (let tries = 0; tries < 21; tries++) {
      for (const id of ['a', 'b']) answers(bench, id, id === 'a' ? WRONG : SLOT_DIGEST);
      for (const id of ['a', 'b']) bench.ready(id);
    }
    expect(bench.search.quarantined.size).toBe(0);
    expect(bench.state.stage).toBe('over');
    expect(bench.events.filter(({ type }) => type === 'rolled-back')).toHaveLength(20);
  });

  it('say nothing where one of them is no gradient: that may be so once', () => {
    const bench = stepping(['a', 'b', 'c']);
    const [check] = asked(bench);
    bench.holds(check!.owner, { checked: [{ slot: check!.slot, digest: null, bad: 'NaN' }] });
    expect(asked(bench).find(({ slot }) => slot === check!.slot)!.owner).not.toBe(check!.owner);
    for (let round = 0; round < 2; round++) for (const id of ['a', 'b', 'c']) answers(bench, id, SLOT_DIGEST);
    expect(bench.search.step).toBeGreaterThan(0);
    expect(bench.search.rollbacks).toBe(0);
  });
});

describe('a trainer that is asked', () => {
  it('computes the slot after its own, tells its digest, and sends its vector to nobody', () => {
    const b = new TestTrainer('b').begin(['a', 'b']);
    b.receive(
      'Directive',
      stepOf(['a', 'b'], 0, leasesOf(['a', 'b']), { checks: [{ slot: 0, owner: 'b' }] }),
    );
    expect(b.saved).toMatchObject([{ kind: 'compute', lease: { slot: 1 }, isCheck: false }]);
    b.give({ kind: 'slot-computed', vector: vectorOf(1) });
    expect(b.saved).toMatchObject([{ kind: 'compute', lease: { slot: 0 }, isCheck: true }]);
    b.give({ kind: 'slot-computed', vector: vectorOf(0) });
    expect(b.messages('GradientChunk')).toEqual([]);
    expect(b.messages('SlotsHeld').at(-1)!.checked).toMatchObject([{ slot: 0, bad: null }]);
    expect(b.saved).toEqual([]);
  });
});
