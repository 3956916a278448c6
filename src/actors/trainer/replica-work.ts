/**
 * The work that the trainer machine has done on its replica: weights loaded and moved in the bus thread,
 * slots computed in the TensorFlow thread. Both threads share the replica's memory and one slot vector;
 * the machine sees to it that one command is under way at a time.
 */
import type { AppliedSlot, ReplicaCommand, TrainerInput } from '../../protocol/trainer/commands.js';
import type { StateCopy } from '../../protocol/trainer/state-transfer.js';
import { bytesOf, digestOf } from '../../gradient/chunks.js';
import { failpoint } from '../../runtime/failpoint/failpoint.js';
import { readSnapshot, writeSnapshot } from '../../runtime/storage/snapshots.js';
import type { Net } from '../../space/cohort.js';
import { pathIn } from '../../space/cohort.js';
import type { Path } from '../../space/path.js';
import type { Replica, SlotOutcome } from '../../training/replica.js';
import type { SlotKey } from '../../training/samples.js';
import type { ComputedSlot } from '../../training/slot.js';
import { textOf } from '../../errors/text.js';

/** What the TensorFlow thread does for the trainer. */
export interface SlotComputer {
  /** Fills the replica's memory with the initial weights of the seed: seconds of work at paper size. */
  initialise(): Promise<void>;
  /** Computes a slot on the replica's current weights into the shared slot vector. */
  computeSlot(key: SlotKey, genome: readonly string[]): Promise<ComputedSlot>;
}

export interface ReplicaParts {
  readonly net: Net;
  readonly replica: Replica;
  /** The vector that `computeSlot` fills. */
  readonly slotVector: Float32Array;
  readonly computer: SlotComputer;
  /** Folder of the run's snapshots; `ensure` brings one there. */
  readonly snapshots: { readonly folder: string; readonly ensure: (sha256: string) => Promise<void> };
  /** Samples of a slot: its weight in the sum. */
  readonly slotSamples: number;
}

type Of<Kind extends ReplicaCommand['kind']> = Extract<ReplicaCommand, { readonly kind: Kind }>;

export class ReplicaWork {
  /** Paths of the epoch's genomes, resolved once. */
  private readonly paths = new Map<string, Path>();

  constructor(private readonly parts: ReplicaParts) {}

  /** Does what a command asks for; resolves to its end, success or failure, and never rejects. */
  async run(command: ReplicaCommand): Promise<TrainerInput> {
    switch (command.kind) {
      case 'load-epoch':
        return this.load(command).then(
          (lengths) => ({ kind: 'epoch-loaded', lengths, error: null }),
          (error: unknown) => ({ kind: 'epoch-loaded', error: textOf(error) }),
        );
      case 'join-epoch':
        return this.join(command);
      case 'compute':
        return this.compute(command).catch((error: unknown) => ({
          kind: 'slot-computed',
          failure: textOf(error),
        }));
      case 'apply':
        return this.apply(command);
      case 'digest':
        return { kind: 'digested', sha256: this.parts.replica.digest() };
      case 'write-snapshot':
        return { kind: 'snapshot-written', error: await this.write(command) };
      default:
        return command satisfies never;
    }
  }

  /** A copy of the learned state as it is now. */
  copy(): StateCopy {
    const { replica } = this.parts;
    const bytes = Buffer.concat(replica.snapshotParts());
    const words = new Float32Array(bytes.length / 4);
    bytesOf(words).set(bytes);
    return { step: replica.appliedStep, words, digest: digestOf(words) };
  }

  private join({ plan, step, words }: Of<'join-epoch'>): TrainerInput {
    const { replica } = this.parts;
    try {
      this.paths.clear();
      const lengths = plan.individuals.map(({ genome }) => this.pathOf(genome).vectorLength);
      replica.restore(bytesOf(words));
      if (replica.appliedStep !== step)
        throw new RangeError(`expected the state of step ${step}, got that of step ${replica.appliedStep}`);
      return { kind: 'epoch-loaded', lengths, error: null };
    } catch (error) {
      return { kind: 'epoch-loaded', error: textOf(error) };
    }
  }

  private async load({ plan, reuse }: Of<'load-epoch'>): Promise<number[]> {
    const { replica, snapshots, computer } = this.parts;
    this.paths.clear();
    const lengths = plan.individuals.map(({ genome }) => this.pathOf(genome).vectorLength);
    if (plan.snapshot === null) {
      await computer.initialise();
      replica.appliedStep = 0;
    } else if (!reuse) {
      await snapshots.ensure(plan.snapshot);
      replica.restore(await readSnapshot(snapshots.folder, plan.snapshot));
    }
    if (replica.appliedStep !== plan.startStep)
      throw new RangeError(
        `expected a snapshot of step ${plan.startStep}, got one of step ${replica.appliedStep}`,
      );
    return lengths;
  }

  private async compute({ epoch, step, stepInEpoch, lease, genome }: Of<'compute'>): Promise<TrainerInput> {
    const { computer, slotVector } = this.parts;
    const key = { epoch, step, stepInEpoch, slot: lease.slot };
    const { length, bad } = await computer.computeSlot(key, genome);
    return bad === null
      ? { kind: 'slot-computed', vector: slotVector.slice(0, length) }
      : { kind: 'slot-computed', bad };
  }

  private apply({ step, slots, digest }: Of<'apply'>): TrainerInput {
    const { replica } = this.parts;
    try {
      if (replica.appliedStep !== step)
        throw new RangeError(`expected weights of step ${step}, got some of step ${replica.appliedStep}`);
      failpoint('before-apply');
      replica.applyStep(slots.map((slot) => this.outcome(slot)));
      failpoint('after-apply');
      return { kind: 'applied', digest: digest ? replica.digest() : null, failure: null };
    } catch (error) {
      return { kind: 'applied', digest: null, failure: textOf(error) };
    }
  }

  private outcome({ genome, vector }: AppliedSlot): SlotOutcome {
    if (vector === null) return DIVERGED;
    const path = this.pathOf(genome);
    return {
      tensors: path.parameters,
      values: vector.subarray(0, path.parameterCount),
      weight: this.parts.slotSamples,
      statisticTensors: path.statistics,
      statistics: vector.subarray(path.parameterCount),
    };
  }

  private async write({ sha256: expected }: Of<'write-snapshot'>): Promise<string | null> {
    try {
      const { sha256 } = await writeSnapshot(this.parts.snapshots.folder, this.parts.replica.snapshotParts());
      return sha256 === expected ? null : `the snapshot was written as ${sha256}, not ${expected}`;
    } catch (error) {
      return textOf(error);
    }
  }

  private pathOf(genome: readonly string[]): Path {
    const key = genome.join(' ');
    const path = this.paths.get(key) ?? pathIn(this.parts.net, genome);
    this.paths.set(key, path);
    return path;
  }
}

const DIVERGED: SlotOutcome = {
  tensors: [],
  values: new Float32Array(0),
  weight: 0,
  statisticTensors: [],
  statistics: new Float32Array(0),
};
