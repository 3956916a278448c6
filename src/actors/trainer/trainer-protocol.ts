/**
 * The trainer's side of the training protocol; lives in the bus thread. Handlers in the order of the
 * protocol: epoch plan → step plan (apply the commit before, compute, exchange, report) → epoch end.
 *
 * State: the replica (shared with the TensorFlow thread), the epoch's plan, the exchange of slots.
 * Directives are handled one at a time and may come again at any moment; each is idempotent.
 */
import { Mailbox } from '../../runtime/process/mailbox.js';
import type { Bus } from '../../runtime/bus/connection.js';
import { after, monotonicMs } from '../../runtime/process/monotonic.js';
import { readSnapshot, writeSnapshot } from '../../runtime/storage/snapshots.js';
import type { CommittedSlot } from '../../search/events.js';
import type { SlotLease } from '../../search/step-ledger.js';
import type { SuperNet } from '../../space/layout.js';
import type { Path } from '../../space/path.js';
import { resolvePath } from '../../space/path.js';
import type { Replica, SlotOutcome } from '../../training/replica.js';
import type { SamplingRules, SlotKey } from '../../training/samples.js';
import { slotPosition } from '../../gradient/slots.js';
import type { ComputedSlot } from '../../training/slot.js';
import type { Draft, Message } from '../../wire/messages.js';
import { decode, encode } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';
import { SlotExchange } from './slot-exchange.js';

/** What the TensorFlow thread does for the protocol. */
export interface SlotComputer {
  /** Fills the replica's memory with the initial weights of the seed: seconds of work at paper size. */
  initialise(): Promise<void>;
  /** Computes a slot on the replica's current weights into the shared slot vector. */
  computeSlot(key: SlotKey, genome: readonly string[]): Promise<ComputedSlot>;
}

export interface TrainerSetup {
  readonly id: string;
  readonly net: SuperNet;
  readonly sampling: SamplingRules;
  readonly individualsPerStep: number;
  readonly snapshots: string;
  readonly checkDigestEvery: number;
}

/** A commit whose slots do not come within this time cannot be applied any more. */
const BEHIND_MS = 8000;
const CHASE_EVERY_MS = 250;

interface EpochAtWork {
  readonly epoch: number;
  readonly firstStep: number;
  readonly paths: readonly Path[];
  readonly schedule: readonly number[];
}

export class TrainerProtocol {
  private fence = 0;
  private work: EpochAtWork | null = null;
  private ready: { fence: number; epoch: number } | null = null;
  private stateDigest: { step: number; digest: string } | null = null;
  private trained: Draft<'EpochTrained'> | null = null;
  private computing: Promise<void> = Promise.resolve();
  private readonly started = new Set<string>();
  private stuckSince: number | null = null;
  private training = false;
  private readonly exchange: SlotExchange;
  private readonly mailbox: Mailbox<Message<'Directive'>>;

  constructor(
    private readonly bus: Bus,
    private readonly subjects: Subjects,
    private readonly setup: TrainerSetup,
    private readonly replica: Replica,
    /** The vector that `computeSlot` fills. */
    private readonly slotVector: Float32Array,
    private readonly computer: SlotComputer,
    /** Told when training starts and ends, so that evaluations are taken in between only. */
    private readonly onTraining: (busy: boolean) => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {
    this.exchange = new SlotExchange(bus, subjects, setup.id, (step) => this.report(step));
    this.mailbox = new Mailbox((directive) => this.follow(directive), onError);
    bus.subscribe(subjects.directive, (bytes) => void this.mailbox.post(decode('Directive', bytes)));
    this.chase();
  }

  private chase(): void {
    this.exchange.chase();
    after(CHASE_EVERY_MS, () => this.chase());
  }

  /** The run takes this trainer: evaluations too, unless an epoch is being trained. */
  becomeWelcome(): void {
    if (!this.training) void this.setTraining(false);
  }

  private async setTraining(busy: boolean): Promise<void> {
    this.training = busy;
    await this.onTraining(busy);
  }

  /** What this trainer holds, for its hello. */
  position(): Message<'Hello'>['position'] {
    if (this.work === null) return null;
    return { epoch: this.work.epoch, appliedStep: this.replica.appliedStep };
  }

  private async follow(directive: Message<'Directive'>): Promise<void> {
    if (directive.fence < this.fence) return;
    this.fence = directive.fence;
    const member = directive.members.includes(this.setup.id);
    this.exchange.setPeers(directive.members);
    if (directive.plan != null) {
      if (member) await this.prepare(directive, directive.plan);
    } else if (!member || this.work?.epoch !== directive.epoch) {
      // Not part of this epoch: wait for the next one, and evaluate meanwhile.
      this.ready = null;
      if (this.training) await this.setTraining(false);
    } else if (directive.step != null) {
      await this.takeStep(directive.step);
    } else if (directive.end != null) {
      await this.endEpoch(directive, directive.end);
    }
  }

  // --- epoch plan ---

  private async prepare(
    directive: Message<'Directive'>,
    plan: NonNullable<Message<'Directive'>['plan']>,
  ): Promise<void> {
    const { fence, epoch } = directive;
    if (this.ready?.fence !== fence || this.ready.epoch !== epoch) {
      await this.setTraining(true);
      await this.computing;
      const error = await this.loadEpoch(epoch, plan).then(
        () => null,
        (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
      );
      if (error !== null) {
        this.bus.publish(
          this.subjects.ready,
          encode('EpochReady', { id: this.setup.id, fence, epoch, error }),
        );
        return;
      }
      this.ready = { fence, epoch };
    }
    this.bus.publish(this.subjects.ready, encode('EpochReady', { id: this.setup.id, fence, epoch }));
  }

  private async loadEpoch(epoch: number, plan: NonNullable<Message<'Directive'>['plan']>): Promise<void> {
    const { net, snapshots } = this.setup;
    const paths = plan.individuals.map(({ genome }) => resolvePath(net, genome));
    if (plan.schedule.some((position) => position >= paths.length))
      throw new RangeError(`expected a schedule over ${paths.length} individuals, got a position beyond`);
    this.exchange.clear();
    this.started.clear();
    this.work = null;
    if (plan.snapshot === null) {
      await this.computer.initialise();
      this.replica.appliedStep = 0;
    } else if (this.trained?.sha256 !== plan.snapshot || this.replica.appliedStep !== plan.firstStep)
      this.replica.restore(await readSnapshot(snapshots, plan.snapshot));
    if (this.replica.appliedStep !== plan.firstStep)
      throw new RangeError(
        `expected a snapshot of step ${plan.firstStep}, got one of step ${this.replica.appliedStep}`,
      );
    this.trained = null;
    this.stateDigest = null;
    this.stuckSince = null;
    this.work = { epoch, firstStep: plan.firstStep, paths, schedule: plan.schedule };
  }

  // --- step plan ---

  private async takeStep(plan: NonNullable<Message<'Directive'>['step']>): Promise<void> {
    if (plan.commit != null && !(await this.applyCommit(plan.commit))) return;
    if (this.replica.appliedStep !== plan.step) {
      this.tellBehind(plan.step);
      return;
    }
    this.exchange.want(plan.step, plan.leases, (slot) => this.pathOf(plan.stepInEpoch, slot).vectorLength);
    for (const lease of plan.leases) this.startComputing(plan, lease);
    this.report(plan.step);
  }

  /** Applies the commit of the step before, unless that is done. False while its slots are not here. */
  private async applyCommit(commit: { step: number; slots: readonly CommittedSlot[] }): Promise<boolean> {
    if (this.replica.appliedStep !== commit.step) return true;
    await this.computing;
    const { slots } = commit;
    const vectors = this.exchange.committed(commit.step, slots);
    if (vectors === null) {
      this.stuckSince ??= monotonicMs();
      if (monotonicMs() - this.stuckSince > BEHIND_MS) this.tellBehind(commit.step);
      else
        this.exchange.want(
          commit.step,
          slots,
          (slot) => this.pathOf(commit.step - this.work!.firstStep, slot).vectorLength,
        );
      return false;
    }
    this.stuckSince = null;
    this.replica.applyStep(slots.map((slot, i) => this.outcome(commit.step, slot, vectors[i]!)));
    if (this.replica.appliedStep % this.setup.checkDigestEvery === 0)
      this.stateDigest = { step: this.replica.appliedStep, digest: this.replica.digest() };
    return true;
  }

  private outcome(step: number, slot: CommittedSlot, vector: Float32Array | null): SlotOutcome {
    if (vector === null)
      return {
        tensors: [],
        values: new Float32Array(0),
        weight: 0,
        statisticTensors: [],
        statistics: new Float32Array(0),
      };
    const { sampling } = this.setup;
    const path = this.pathOf(step - this.work!.firstStep, slot.slot);
    return {
      tensors: path.parameters,
      values: vector.subarray(0, path.parameterCount),
      weight: sampling.batch / sampling.microBatches,
      statisticTensors: path.statistics,
      statistics: vector.subarray(path.parameterCount),
    };
  }

  private startComputing(plan: NonNullable<Message<'Directive'>['step']>, lease: SlotLease): void {
    const key = `${plan.step}/${lease.slot}/${lease.fence}/${lease.number}`;
    if (lease.owner !== this.setup.id || lease.diverged || this.started.has(key)) return;
    this.started.add(key);
    this.computing = this.computing.then(() => this.compute(plan, lease));
  }

  private async compute(
    { step, stepInEpoch }: { step: number; stepInEpoch: number },
    lease: SlotLease,
  ): Promise<void> {
    if (this.work === null || this.replica.appliedStep !== step || !this.exchange.wants(step, lease)) return;
    try {
      const { length, bad } = await this.computer.computeSlot(
        { epoch: this.work.epoch, step, stepInEpoch, slot: lease.slot },
        this.pathOf(stepInEpoch, lease.slot).genome,
      );
      if (bad === null) await this.exchange.offer(step, lease, this.slotVector.slice(0, length));
      else this.exchange.offerBad(step, lease, bad);
    } catch (error) {
      // Not the slot's fault but this process's: it ends, and the slot is leased again.
      this.onError(error);
    }
  }

  /** Tells the evolution actor what is held of a step, each time something was added. */
  private report(step: number): void {
    if (this.replica.appliedStep !== step) return;
    const held = this.exchange.held(step);
    const stateDigest = this.stateDigest?.step === step ? this.stateDigest.digest : null;
    this.bus.publish(
      this.subjects.slots,
      encode('SlotsHeld', {
        id: this.setup.id,
        fence: this.fence,
        step,
        held,
        appliedStep: this.replica.appliedStep,
        stateDigest,
      }),
    );
  }

  private tellBehind(step: number): void {
    this.bus.publish(
      this.subjects.slots,
      encode('SlotsHeld', {
        id: this.setup.id,
        fence: this.fence,
        step,
        behind: true,
        appliedStep: this.replica.appliedStep,
      }),
    );
  }

  // --- epoch end ---

  private async endEpoch(
    { fence, epoch }: Message<'Directive'>,
    end: NonNullable<Message<'Directive'>['end']>,
  ): Promise<void> {
    if (end.commit != null && !(await this.applyCommit(end.commit))) return;
    const writes = end.writer === this.setup.id;
    if (this.trained === null || (writes && this.trained.written !== true)) {
      const sha256 = this.replica.digest();
      let error: string | null = null;
      if (writes) error = await this.writeSnapshot(sha256);
      this.trained = { id: this.setup.id, epoch, sha256, written: writes && error === null, error };
      this.exchange.clear();
      await this.setTraining(false);
    }
    this.bus.publish(this.subjects.trained, encode('EpochTrained', { ...this.trained, fence }));
  }

  private async writeSnapshot(expected: string): Promise<string | null> {
    try {
      const { sha256 } = await writeSnapshot(this.setup.snapshots, this.replica.snapshotParts());
      return sha256 === expected ? null : `the snapshot was written as ${sha256}, not ${expected}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  // --- plan lookups ---

  private pathOf(stepInEpoch: number, slot: number): Path {
    const { paths, schedule } = this.work!;
    return paths[
      schedule[
        stepInEpoch * this.setup.individualsPerStep + slotPosition(this.setup.sampling, slot).individual
      ]!
    ]!;
  }
}
