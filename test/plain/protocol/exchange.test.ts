/** The exchange of slots: what is lost, damaged, repeated or forged on the way, and credit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Send } from '#emars/protocol/step.js';
import type { Message } from '#emars/wire/messages.js';
import { holds } from '../property.js';
import { chunksOf, leasesOf, stepOf, TestTrainer, vectorOf } from './trainers.js';

const BOTH = ['a', 'b'];

/** Trainer a, which wants both slots of step 0 from b. */
const waiting = (): TestTrainer =>
  new TestTrainer('a').begin(BOTH).receive('Directive', stepOf(BOTH, 0, leasesOf(['b', 'b'])));
const chunks = chunksOf(0, leasesOf(['b'])[0]!, vectorOf(0));
const held = (trainer: TestTrainer): readonly unknown[] => trainer.messages('SlotsHeld')[0]?.held ?? [];

describe('a vector of another trainer', () => {
  it('is held when its last chunk has come, in any order', () => {
    const a = waiting();
    for (const index of [2, 0]) expect(a.receive('GradientChunk', chunks[index]!).sent).toEqual([]);
    expect(held(a.receive('GradientChunk', chunks[1]!))).toMatchObject([{ slot: 0, owner: 'b', bad: null }]);
  });

  it('is asked for by number while chunks are missing, and no more often than need be', () => {
    const a = waiting().receive('GradientChunk', chunks[1]!);
    a.now = 49;
    expect(a.tick(0).sent).toEqual([]);
    expect(a.tick(1).messages('ChunkRequest')).toMatchObject([
      { from: 'a', fence: 1, number: 1, step: 0, slot: 0, missing: [0, 2] },
      { slot: 1, missing: [0] },
    ]);
    expect(a.sent.every(({ to }) => to === 'b')).toBe(true);
    // Each wait is twice the one before.
    expect(a.tick(99).sent).toEqual([]);
    expect(a.tick(1).messages('ChunkRequest')).toHaveLength(2);
  });

  it('is not asked for while anything of a member comes, credit included: it waits behind that', () => {
    const members = ['a', 'b', 'c'];
    const a = new TestTrainer('a').begin(members);
    a.receive('Directive', stepOf(members, 0, leasesOf(['b', 'c'])));
    const come = [
      () => a.receive('GradientChunk', { ...chunks[0]!, owner: 'c', number: 99 }),
      () => a.receive('Credit', { from: 'c', sent: 0 }),
      () => a.receive('GradientChunk', { ...chunks[1]!, owner: 'c', number: 99 }),
    ];
    for (const word of come) {
      a.now += 49;
      word();
      expect(a.tick(0).sent).toEqual([]);
    }
    a.now += 49;
    // A stranger's say nothing.
    a.receive('GradientChunk', { ...chunks[0]!, owner: 'z', number: 99 });
    a.receive('Credit', { from: 'z', sent: 0 });
    expect(
      a
        .tick(1)
        .messages('ChunkRequest')
        .map(({ slot }) => slot),
    ).toEqual([0, 1]);
  });

  it('is not asked for when our own have just left: it comes behind them', () => {
    const a = new TestTrainer('a').begin(BOTH);
    a.receive('Directive', stepOf(BOTH, 0, leasesOf(['a', 'b'])));
    a.now = 49;
    expect(a.give({ kind: 'slot-computed', vector: vectorOf(0) }).messages('GradientChunk')).toHaveLength(3);
    expect(a.tick(49).messages('ChunkRequest')).toEqual([]);
    expect(a.tick(1).messages('ChunkRequest')).toHaveLength(1);
  });

  it('is waited for the longer the more members there are, as the broker serves them one after the other', () => {
    const members = ['a', ...Array.from({ length: 300 }, (_, n) => `b${String(n).padStart(3, '0')}`)];
    const a = new TestTrainer('a').begin(members);
    a.receive('Directive', stepOf(members, 0, leasesOf(['b000', 'b001'])));
    expect(a.tick(2399).sent).toEqual([]);
    expect(a.tick(1).messages('ChunkRequest')).toHaveLength(2);
  });

  it('counts each chunk once', () => {
    const a = waiting();
    for (const index of [0, 0, 1, 1, 0]) a.receive('GradientChunk', chunks[index]!);
    expect(a.sent).toEqual([]);
    expect(held(a.receive('GradientChunk', chunks[2]!))).toHaveLength(1);
    expect(a.receive('GradientChunk', chunks[2]!).messages('SlotsHeld')).toEqual([]);
  });

  it.each([
    ['a payload too short', { payload: new Uint8Array(12) }],
    ['an index beyond', { index: 3 }],
    ['another attempt', { number: 9 }],
    ['another fence', { fence: 2 }],
    ['another owner', { owner: 'c' }],
  ])('takes no chunk with %s: it is as good as lost', (_, damage) => {
    const a = waiting();
    for (const chunk of chunks.slice(0, 2)) a.receive('GradientChunk', chunk);
    expect(a.receive('GradientChunk', { ...chunks[2]!, ...damage }).messages('SlotsHeld')).toEqual([]);
    expect(a.tick(60).messages('ChunkRequest')[0]!.missing).toEqual([2]);
    expect(held(a.receive('GradientChunk', chunks[2]!))).toMatchObject([{ bad: null }]);
  });

  it('of another length is held as bad', () => {
    const a = waiting();
    a.receive('GradientChunk', { ...chunks[0]!, length: 12 });
    const bad = `it has 12 values, expected ${chunks[0]!.length}`;
    expect(held(a)).toMatchObject([{ slot: 0, digest: null, bad }]);
  });

  it('with NaN in it is held as bad', () => {
    const poisoned = vectorOf(1);
    poisoned[2] = NaN;
    const a = waiting();
    for (const chunk of chunksOf(0, leasesOf(['b', 'b'])[1]!, poisoned)) a.receive('GradientChunk', chunk);
    expect(held(a)).toMatchObject([{ slot: 1, digest: null, bad: 'value 2 of the vector is NaN' }]);
  });

  it('is forgotten two steps later', () => {
    const a = waiting();
    for (const at of [1, 2]) a.receive('Directive', stepOf(BOTH, at, leasesOf(['b', 'b'], 1, 10 * at)));
    expect([...a.state.exchange.steps.keys()]).toEqual([1, 2]);
  });
});

describe('a vector of ours', () => {
  /** Trainer a, which has computed slot 0 of step 0. */
  const owner = (members = BOTH, windowBytes = 1000): TestTrainer => {
    const { exchange } = new TestTrainer('x').setup;
    const a = new TestTrainer('a', { exchange: { ...exchange, windowBytes } }).begin(members);
    a.receive('Directive', stepOf(members, 0, leasesOf(['a', 'b'])));
    return a.give({ kind: 'slot-computed', vector: vectorOf(0) });
  };
  const request = (more: Partial<Message<'ChunkRequest'>> = {}): Message<'ChunkRequest'> => ({
    from: 'b',
    fence: 1,
    step: 0,
    slot: 0,
    number: 1,
    missing: [],
    ...more,
  });
  const indices = (trainer: TestTrainer): (number | undefined)[] =>
    trainer.messages('GradientChunk').map(({ index }) => index);

  it('is sent again to who asks: the chunks named, or all', () => {
    const a = owner();
    a.now += 50;
    expect(indices(a.receive('ChunkRequest', request({ missing: [2] })))).toEqual([2]);
    // Every trainer hears an answer: what was just sent is not sent again.
    expect(indices(a.receive('ChunkRequest', request()))).toEqual([0, 1]);
    a.now += 50;
    expect(indices(a.receive('ChunkRequest', request()))).toEqual([0, 1, 2]);
  });

  it('is not sent for a request of another attempt, step or slot, nor beyond its end', () => {
    const a = owner();
    for (const other of [
      { number: 2 },
      { fence: 2 },
      { step: 1 },
      { slot: 1 },
      { slot: 9 },
      { missing: [3] },
    ])
      expect(a.receive('ChunkRequest', request(other)).sent).toEqual([]);
  });

  it('waits for credit when a window is on its way, and goes on as it comes', () => {
    const a = owner(BOTH, 32);
    expect(indices(a)).toEqual([0, 1]);
    expect(indices(a.tick(50))).toEqual([]);
    expect(indices(a.receive('Credit', { from: 'b', sent: 16 }))).toEqual([2]);
    expect(a.tick(200).messages('GradientChunk')).toEqual([]);
  });

  it('goes on after a while when credit was lost', () => {
    const a = owner(BOTH, 32);
    expect(indices(a.tick(99))).toEqual([]);
    expect(indices(a.tick(1))).toEqual([2]);
  });

  it('does not wait for a peer that has left, nor for the past of one that has joined', () => {
    const a = owner(['a', 'b', 'c'], 32);
    a.receive('Credit', { from: 'b', sent: 32 });
    expect(indices(a)).toEqual([]);
    expect(indices(a.receive('Directive', stepOf(BOTH, 0, leasesOf(['a', 'b']))))).toEqual([2]);
    const d = owner(BOTH, 32);
    d.receive('Directive', stepOf(['a', 'e'], 0, leasesOf(['a', 'a'], 1, 5)));
    expect(indices(d.give({ kind: 'slot-computed', vector: vectorOf(0) }))).toEqual([0, 1]);
  });

  it('goes nowhere when its owner is alone', () => {
    expect(indices(owner(['a']))).toEqual([]);
  });

  it('takes no credit from strangers', () => {
    const a = owner(BOTH, 32);
    expect(indices(a.receive('Credit', { from: 'z', sent: 1000 }))).toEqual([]);
    expect(a.state.exchange.outgoing.confirmed.has('z')).toBe(false);
  });

  it('gives up what waits when the epoch begins anew', () => {
    const a = owner(BOTH, 32);
    a.receive('Directive', stepOf(['b'], 0, leasesOf(['b', 'b'])));
    expect(a.state.exchange.outgoing.queue).toEqual([]);
    expect(a.tick(1000).sent).toEqual([]);
  });
});

describe('a receiver', () => {
  it('gives credit after so many bytes, to members only', () => {
    const a = waiting();
    expect(a.receive('GradientChunk', chunks[0]!).sent).toEqual([]);
    expect(a.receive('GradientChunk', chunks[1]!).sent).toEqual([
      { name: 'Credit', message: { from: 'a', sent: 32 }, to: 'b' },
    ]);
    for (const chunk of [...chunks, ...chunks])
      expect(a.receive('GradientChunk', { ...chunk, owner: 'z' }).sent).toEqual([]);
  });
});

// --- any order, any loss ---

/** What the bus does with the next message: carries, loses or repeats it; one that it damages is none. */
type Weather = 'carry' | 'lose' | 'repeat';

/** Carries messages among trainers until nothing is left; time moves when the bus is empty. */
function exchange(trainers: readonly TestTrainer[], weather: Weather[], order: readonly number[]): boolean {
  const air: Send[] = trainers.flatMap(({ sent }) => sent);
  const deliver = (send: Send): void => {
    for (const trainer of trainers) {
      if (send.to !== null && send.to !== trainer.id) continue;
      // A trainer does not hear itself.
      if (send.name === 'GradientChunk' && send.message.owner === trainer.id) continue;
      if (send.name === 'GradientChunk')
        trainer.receive('GradientChunk', send.message as Message<'GradientChunk'>);
      else if (send.name === 'Credit') trainer.receive('Credit', send.message as Message<'Credit'>);
      else if (send.name === 'ChunkRequest')
        trainer.receive('ChunkRequest', send.message as Message<'ChunkRequest'>);
      else continue;
      air.push(...trainer.sent);
    }
  };
  for (let turn = 0; turn < 2000; turn++) {
    if (
      trainers.every(({ state }) =>
        [...state.exchange.steps.get(0)!.values()].every((each) => each.held !== null),
      )
    )
      return true;
    if (air.length === 0) for (const trainer of trainers) air.push(...trainer.tick(60).sent);
    else {
      const [send] = air.splice((order[turn % order.length] ?? 0) % air.length, 1);
      const fate = weather.shift() ?? 'carry';
      if (fate === 'lose') continue;
      if (fate === 'repeat') deliver(send!);
      deliver(send!);
    }
  }
  return false;
}

describe('every member', () => {
  it('comes to hold the same vectors, whatever is lost, repeated or overtaken', () => {
    const ids = ['a', 'b', 'c'];
    const fate = fc.constantFrom<Weather>('carry', 'lose', 'repeat');
    const world = fc.record({
      owners: fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...ids)),
      weather: fc.array(fate, { maxLength: 60 }),
      order: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 40 }),
      windowBytes: fc.constantFrom(16, 32, 1000),
    });
    holds(
      fc.property(world, ({ owners, weather, order, windowBytes }) => {
        const leases = leasesOf(owners);
        const { exchange: base } = new TestTrainer('x').setup;
        const trainers = ids.map((id) =>
          new TestTrainer(id, { exchange: { ...base, windowBytes } })
            .begin(ids)
            .receive('Directive', stepOf(ids, 0, leases)),
        );
        const first: Send[] = [];
        for (const { slot, owner } of leases) {
          const trainer = trainers[ids.indexOf(owner)]!;
          trainer.give({ kind: 'slot-computed', vector: vectorOf(slot) });
          first.push(...trainer.sent);
        }
        trainers[0]!.sent = first;
        for (const trainer of trainers.slice(1)) trainer.sent = [];
        expect(exchange(trainers, [...weather], order)).toBe(true);
        const digests = trainers.map(({ state }) =>
          [...state.exchange.steps.get(0)!.values()].map((entry) => entry.held!.digest),
        );
        expect(new Set(digests.map(String)).size).toBe(1);
        expect(digests[0]).not.toContain(null);
      }),
    );
  });
});
