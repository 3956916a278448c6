/**
 * Trainer machines on a real broker, without TensorFlow: the exchange of slots under loss, repetition and
 * large vectors. The test plays the evolution actor and the replica.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunningTrainer } from '#emars/actors/trainer/trainer-shell.js';
import { loadOptions } from '#emars/config/load.js';
import { deadlinesOf, startTrainer, TRAINER_TIMING } from '#emars/actors/trainer/trainer-shell.js';
import { slotDigestOf } from '#emars/gradient/slot-digest.js';
import type { AppliedSlot, ReplicaCommand, TrainerInput } from '#emars/protocol/trainer/commands.js';
import { generator } from '#emars/random/generator.js';
import type { Broker } from '#emars/runtime/broker/broker.js';
import { startBroker } from '#emars/runtime/broker/broker.js';
import type { Bus } from '#emars/runtime/bus/connection.js';
import { connect } from '#emars/runtime/bus/connection.js';
import type { SlotLease } from '#emars/search/step-ledger.js';
import type { Draft, Message } from '#emars/wire/messages.js';
import { CHUNK_BYTES, decode, encode } from '#emars/wire/messages.js';
import type { Subjects } from '#emars/wire/subjects.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { until } from '../../support/until.js';
import { natsBinary } from '../nats-binary.js';

const STATE_WORDS = 80;
const folder = mkdtempSync(join(tmpdir(), 'emars-exchange-'));
let broker: Broker;
let runs = 0;
let worlds: World[] = [];

beforeAll(async () => {
  broker = await startBroker({
    binary: await natsBinary(),
    storeDir: join(folder, 'broker'),
    logFile: join(folder, 'broker.log'),
  });
});

afterEach(async () => {
  await Promise.all(worlds.map((world) => world.close()));
  worlds = [];
});

afterAll(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

const vectorOf = (slot: number, length: number): Float32Array => {
  const vector = new Float32Array(length);
  const random = generator(slot, 'vector');
  for (let i = 0; i < length; i += 97) vector[i] = random.normal();
  return vector;
};
const digestOfSlot = (slot: number, length: number): string =>
  slotDigestOf(vectorOf(slot, length), CHUNK_BYTES);

/** Trainers of one run, and what an evolution actor would hear from them. */
class World {
  readonly applied = new Map<string, readonly AppliedSlot[]>();
  readonly ready = new Set<string>();
  readonly held = new Map<string, Message<'SlotsHeld'>['held']>();
  /** Share of all messages of trainers that is lost. */
  lost = 0;
  private readonly buses: Bus[] = [];
  private readonly trainers: RunningTrainer[] = [];

  private constructor(
    readonly ids: readonly string[],
    readonly length: number,
    private readonly compute: (slot: number) => TrainerInput,
    private readonly bus: Bus,
    private readonly subjects: Subjects,
  ) {}

  static async of(
    ids: readonly string[],
    length: number,
    compute = (slot: number): TrainerInput => ({ kind: 'slot-computed', vector: vectorOf(slot, length) }),
  ): Promise<World> {
    const bus = await connect({ url: broker.url, login: broker.login, name: 'evolution' });
    const world = new World(ids, length, compute, bus, subjectsOf(`run${runs++}`));
    worlds.push(world);
    await world.start();
    return world;
  }

  private async start(): Promise<void> {
    const { bus, subjects } = this;
    this.buses.push(bus);
    bus.subscribe(subjects.ready, (bytes) => void this.ready.add(decode('EpochReady', bytes).id));
    bus.subscribe(subjects.slots, (bytes) => {
      const { id, held } = decode('SlotsHeld', bytes);
      this.held.set(id, held);
    });
    for (const id of this.ids) await this.startTrainer(id);
    await this.repeat(
      {
        plan: {
          snapshot: null,
          firstStep: 0,
          startStep: 0,
          individuals: [{ id: '0'.repeat(16), genome: ['any'] }],
          schedule: Array<number>(64).fill(0),
        },
      },
      () => this.ready.size === this.ids.length,
    );
  }

  private async startTrainer(id: string): Promise<void> {
    const bus = await connect({ url: broker.url, login: broker.login, name: id, echo: false });
    this.buses.push(bus);
    const random = generator(1, 'loss', id);
    const publish = bus.publish.bind(bus);
    bus.publish = (subject, bytes, reply) =>
      random.chance(this.lost) ? true : publish(subject, bytes, reply ?? null);
    const trainer = startTrainer({
      bus,
      subjects: this.subjects,
      setup: {
        id,
        individualsPerStep: 1,
        microBatches: 2 * this.ids.length,
        checkDigestEvery: 10,
        stateWords: STATE_WORDS,
        ...TRAINER_TIMING,
        deadlines: deadlinesOf(loadOptions({})),
      },
      work: {
        run: (command) => Promise.resolve(this.work(id, command)),
        copy: () => ({ step: 0, words: new Float32Array(STATE_WORDS), digest: 'ab'.repeat(32) }),
      },
      taker: { pause: () => Promise.resolve(), resume: () => undefined },
      onError: (error) => {
        throw error;
      },
    });
    this.trainers.push(trainer);
    await bus.flush();
    trainer.welcome(1);
  }

  private work(id: string, command: ReplicaCommand): TrainerInput {
    switch (command.kind) {
      case 'load-epoch':
      case 'join-epoch':
        return { kind: 'epoch-loaded', lengths: [this.length], error: null };
      case 'compute':
        return this.compute(command.lease.slot);
      case 'apply':
        this.applied.set(id, command.slots);
        return { kind: 'applied', digest: null, failure: null };
      case 'digest':
        return { kind: 'digested', sha256: 'ab'.repeat(32) };
      case 'write-snapshot':
        return { kind: 'snapshot-written', error: null };
    }
  }

  /** Repeats a directive, as the evolution actor does, until `condition` holds. */
  async repeat(what: Draft<'Directive'>, condition: () => boolean): Promise<void> {
    const send = (): void => {
      this.bus.publish(
        this.subjects.directive,
        encode('Directive', { fence: 1, epoch: 1, members: this.ids, ...what }),
      );
    };
    send();
    const timer = setInterval(send, 300);
    try {
      await until(condition);
    } finally {
      clearInterval(timer);
    }
  }

  /** Steps 0 and 1: every slot computed, exchanged, committed, applied by every member. */
  async trainOneStep(): Promise<void> {
    const leases: SlotLease[] = this.ids
      .flatMap((id) => [id, id])
      .map((owner, slot) => ({ slot, owner, fence: 1, number: slot + 1, diverged: false }));
    const step = { step: 0, stepInEpoch: 0, leases, commit: null, checks: [], joining: null };
    const whole = (): boolean => this.ids.every((id) => this.held.get(id)?.length === leases.length);
    await this.repeat({ step }, whole);
    const slots = leases.map((lease) => ({ ...lease, digest: digestOfSlot(lease.slot, this.length) }));
    const next = {
      step: 1,
      stepInEpoch: 1,
      leases: [],
      commit: { step: 0, slots },
      checks: [],
      joining: null,
    };
    await this.repeat({ step: next }, () => this.applied.size === this.ids.length);
  }

  async close(): Promise<void> {
    for (const trainer of this.trainers) trainer.close();
    await Promise.all(this.buses.map((bus) => bus.close()));
  }
}

/** Every member applied the same bytes of every slot, in the order of the slots. */
function expectSameBytes(world: World): void {
  const slots = Array.from({ length: 2 * world.ids.length }, (_, slot) => slot);
  const digests = slots.map((slot) => digestOfSlot(slot, world.length));
  for (const id of world.ids) {
    const applied = world.applied.get(id)!;
    expect(applied.map(({ slot }) => slot)).toEqual(slots);
    expect(applied.map(({ vector }) => slotDigestOf(vector!, CHUNK_BYTES))).toEqual(digests);
  }
}

describe('an exchange of slots', () => {
  it('gives every member every slot, three members', async () => {
    const world = await World.of(['a', 'b', 'c'], 100_000);
    await world.trainOneStep();
    expectSameBytes(world);
  });

  it('carries vectors beyond the credit window, 24 MB each', async () => {
    const world = await World.of(['a', 'b'], 6_000_000);
    await world.trainOneStep();
    expectSameBytes(world);
  });

  it('comes to the same when a fifth of all messages is lost', async () => {
    const world = await World.of(['a', 'b', 'c'], 700_000);
    world.lost = 0.2;
    await world.trainOneStep();
    expectSameBytes(world);
  });

  it('passes on why a slot is no gradient, and finds NaN in what arrives', async () => {
    const poisoned = vectorOf(1, 1000);
    poisoned[7] = NaN;
    const world = await World.of(['a', 'b'], 1000, (slot) =>
      slot === 0
        ? { kind: 'slot-computed', bad: 'value 3 is NaN' }
        : { kind: 'slot-computed', vector: poisoned },
    );
    const leases = [0, 1].map((slot) => ({ slot, owner: 'a', fence: 1, number: slot + 1, diverged: false }));
    const step = { step: 0, stepInEpoch: 0, leases, commit: null, checks: [], joining: null };
    await world.repeat(
      { step },
      () => world.held.get('b')?.length === 1 && world.held.get('a')?.length === 2,
    );
    expect(world.held.get('a')![0]).toMatchObject({ slot: 0, digest: null, bad: 'value 3 is NaN' });
    expect(world.held.get('b')).toMatchObject([
      { slot: 1, digest: null, bad: 'value 7 of the vector is NaN' },
    ]);
  });
});
