/** Trainer machines without processes: inputs in, commands and messages out, time as a number. */
import { cut } from '#emars/gradient/chunks.js';
import type { Directive, TrainerCommand, TrainerInput } from '#emars/protocol/trainer/commands.js';
import type { TrainerSetup } from '#emars/protocol/trainer/setup.js';
import type { TrainerState } from '#emars/protocol/trainer/trainer-state.js';
import { initialTrainer } from '#emars/protocol/trainer/trainer-state.js';
import { step } from '#emars/protocol/trainer/trainer.js';
import type { Send } from '#emars/protocol/step.js';
import type { SlotLease } from '#emars/search/step-ledger.js';
import type { Draft, Message, MessageName } from '#emars/wire/messages.js';

export const SHA = 'ab'.repeat(32);
/** Two individuals a step, each one slot: ten floats are three chunks of 16 bytes, four are one. */
export const LENGTHS = [10, 4];
const CHUNK_BYTES = 16;
/** Of the learned state: 20 chunks, asked for four at a time. */
export const STATE_WORDS = 80;

const setupOf = (id: string, more: Partial<TrainerSetup> = {}): TrainerSetup => ({
  id,
  individualsPerStep: 2,
  microBatches: 1,
  checkDigestEvery: 2,
  exchange: { chunkBytes: CHUNK_BYTES, windowBytes: 64, creditBytes: 32, creditMs: 100, chaseMs: 50 },
  stateWords: STATE_WORDS,
  behindMs: 500,
  deadlines: {
    'load-epoch': 1000,
    'join-epoch': 1000,
    compute: 2000,
    apply: 1000,
    digest: 1000,
    'write-snapshot': 1000,
  },
  ...more,
});

type Sent<Name extends MessageName> = Extract<Send, { readonly name: Name }>;

export class TestTrainer {
  state: TrainerState = initialTrainer;
  now = 0;
  saved: TrainerCommand[] = [];
  sent: Send[] = [];
  readonly setup: TrainerSetup;

  constructor(
    readonly id: string,
    more: Partial<TrainerSetup> = {},
  ) {
    this.setup = setupOf(id, more);
  }

  /** One step; `saved` and `sent` hold what it came to. */
  give(input: TrainerInput): this {
    const { state, save, send } = step(this.setup, this.state, input, this.now);
    this.state = state;
    this.saved = [...save];
    this.sent = [...send];
    return this;
  }

  receive<Name extends Extract<TrainerInput, { kind: 'received' }>['name']>(
    name: Name,
    message: Message<Name>,
  ): this {
    return this.give({ kind: 'received', name, message, reply: null } as TrainerInput);
  }

  tick(ms: number): this {
    this.now += ms;
    return this.give({ kind: 'tick' });
  }

  messages<Name extends MessageName>(name: Name): Draft<Name>[] {
    return this.sent
      .filter((send): send is Sent<Name> => send.name === name)
      .map(({ message }) => message as Draft<Name>);
  }

  /** Welcomed, and ready for epoch 1 of these members. */
  begin(members: readonly string[], fence = 1): this {
    this.give({ kind: 'welcomed', fence });
    this.receive('Directive', planOf(members, { fence }));
    this.give({ kind: 'evaluations-paused' });
    return this.give({ kind: 'epoch-loaded', lengths: LENGTHS, error: null });
  }
}

export const genomeOf = (individual: number): string[] => [`mb_k${3 + 2 * individual}_e3`];

const directive = (members: readonly string[], more: Partial<Directive>): Directive => ({
  fence: 1,
  epoch: 1,
  members,
  plan: null,
  step: null,
  end: null,
  ...more,
});

/** Epoch 1 begins at step 0 and has three steps. */
export const planOf = (members: readonly string[], more: Partial<Directive> = {}): Directive =>
  directive(members, {
    plan: {
      snapshot: null,
      firstStep: 0,
      startStep: 0,
      individuals: [0, 1].map((individual) => ({
        id: `${individual}`.repeat(16),
        genome: genomeOf(individual),
      })),
      schedule: [0, 1, 0, 1, 0, 1],
    },
    ...more,
  });

type Commit = NonNullable<NonNullable<Directive['end']>['commit']>;

export const stepOf = (
  members: readonly string[],
  at: number,
  leases: readonly SlotLease[],
  more: Partial<Directive> & {
    readonly commit?: Commit;
    readonly joining?: readonly string[];
    readonly checks?: NonNullable<Directive['step']>['checks'];
  } = {},
): Directive => {
  const { commit = null, joining: trainers = null, checks = [], ...others } = more;
  const joining = trainers === null ? null : { trainers, plan: planOf(members).plan };
  return directive(members, {
    step: { step: at, stepInEpoch: at, leases, checks, commit, joining },
    ...others,
  });
};

export const endOf = (
  members: readonly string[],
  writer: string,
  more: Partial<Directive> & { readonly commit?: Commit } = {},
): Directive => {
  const { commit = null, ...others } = more;
  return directive(members, { end: { writer, commit }, ...others });
};

/** Leases of the slots 0, 1, … to these owners. */
export const leasesOf = (owners: readonly string[], fence = 1, first = 1): SlotLease[] =>
  owners.map((owner, slot) => ({ slot, owner, fence, number: first + slot, diverged: false }));

/** The commit of what a trainer holds of a step. */
export function commitOf(trainer: TestTrainer, at: number): Commit {
  const slots = [...trainer.state.exchange.steps.get(at)!.values()].map(({ lease, held }) => ({
    ...lease,
    digest: held!.digest,
  }));
  return { step: at, slots };
}

export const vectorOf = (slot: number): Float32Array =>
  Float32Array.from({ length: LENGTHS[slot]! }, (_, i) => slot + i / 8);

/** The chunks of a vector, as its owner would send them. */
export const chunksOf = (
  at: number,
  lease: SlotLease,
  vector: Float32Array,
  sent = 0,
): Message<'GradientChunk'>[] =>
  cut(vector, CHUNK_BYTES).map(({ index, count, payload }) => ({
    fence: lease.fence,
    owner: lease.owner,
    number: lease.number,
    step: at,
    slot: lease.slot,
    index,
    count,
    payload,
    length: vector.length,
    sent: sent + (index + 1) * CHUNK_BYTES,
    dtype: 'f32',
  }));
