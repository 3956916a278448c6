/** A trainer in the simulated cluster: the real machine, and a fake replica in the place of TensorFlow. */
import { bytesOf, digestOf } from '#emars/gradient/chunks.js';
import type {
  EpochPlan,
  ReplicaCommand,
  TrainerCommand,
  TrainerInput,
} from '#emars/protocol/trainer/commands.js';
import type { StateCopy } from '#emars/protocol/trainer/state-transfer.js';
import type { TrainerState } from '#emars/protocol/trainer/trainer-state.js';
import { initialTrainer, positionOf } from '#emars/protocol/trainer/trainer-state.js';
import { step } from '#emars/protocol/trainer/trainer.js';
import type { Message } from '#emars/wire/messages.js';
import { FakeReplica } from './fake-replica.js';
import { APPLY_MS, DISK_MS, INITIAL_SEED, trainerSetup } from './setup.js';
import type { Letter } from '../kernel/bus.js';
import { WorkerHost } from './worker-host.js';

type FromBus = Extract<TrainerInput, { kind: 'received' }>['name'];

export class TrainerHost extends WorkerHost {
  private readonly setup = trainerSetup(this.id, this.cluster.plan, {
    ...(this.cluster.exchange === undefined ? {} : { exchange: this.cluster.exchange }),
    stateWords: this.cluster.net.stateWords,
  });
  private state: TrainerState = initialTrainer;
  private replica = new FakeReplica(this.cluster.net);
  private isArithmeticBad = false;
  /** Of its host: a start of the process does not mend it. */
  private isLying = false;
  /** When the last piece of a slot came, by "step/slot": only the control "ordered-sum" looks. */
  private readonly arrivals = new Map<string, number>();

  override spoil(fault: 'bad-gradient' | 'lie' | 'weights'): void {
    if (fault === 'lie') {
      this.isLying = true;
      return;
    }
    if (!this.process.alive || this.state.epoch === null) return;
    if (fault === 'bad-gradient') {
      this.isArithmeticBad = true;
      return;
    }
    this.cluster.count('turned bit of weights');
    this.cluster.tell(this.id, 'has a bit of its weights turned');
    this.replica.turnBit();
  }

  protected override boot(): void {
    this.state = initialTrainer;
    this.replica = new FakeReplica(this.cluster.net);
    this.isArithmeticBad = false;
    super.boot();
  }

  protected position(): { readonly epoch: number; readonly appliedStep: number } | null {
    return positionOf(this.state);
  }

  protected subscribe(): void {
    const { bus, subjects, controls } = this.cluster;
    const on = (subject: string, name: FromBus): void => {
      const hear = ({ bytes }: Letter): void => {
        const message = this.read(name, controls.bytesOf(name, bytes));
        if (message === null) return;
        if (name === 'Directive') this.tellOfStranger(message as Message<'Directive'>);
        this.take(controls.trainerInput({ kind: 'received', name, message, reply: null } as TrainerInput));
      };
      bus.subscribe(this.process, subject, hear, false);
    };
    on(subjects.directive, 'Directive');
    on(subjects.gradient, 'GradientChunk');
    on(subjects.credit(this.id), 'Credit');
    on(subjects.chunkRequest(this.id), 'ChunkRequest');
    on(subjects.stateRequest(this.id), 'StateRequest');
    on(subjects.state(this.id), 'StateChunk');
  }

  protected welcomed(fence: number): void {
    this.take({ kind: 'welcomed', fence: this.cluster.controls.welcomeFence(fence) });
  }

  protected tick(): void {
    this.take({ kind: 'tick' });
  }

  private take(input: TrainerInput): void {
    this.noteArrival(input);
    const done = step(this.setup, this.state, input, this.process.now);
    this.state = done.state;
    this.reach('trainer', done.state.work?.command.kind ?? 'waiting');
    if (done.save.length + done.send.length > 0 && this.diesAt('decided')) return;
    for (const command of done.save) if (this.process.alive) this.run(command);
    if (this.process.alive) this.sendAll(done.send);
  }

  private run(command: TrainerCommand): void {
    switch (command.kind) {
      case 'pause-evaluations':
        this.pauseEvaluations(() => this.take({ kind: 'evaluations-paused' }));
        return;
      case 'resume-evaluations':
        this.resumeEvaluations();
        return;
      case 'copy-state':
        this.reach('trainer', 'copy-state');
        this.process.after(this.cluster.duration(this.id, APPLY_MS), () =>
          this.take({ kind: 'state-copied', copy: this.copy() }),
        );
        return;
      case 'fail':
        this.kill(`ends: ${command.reason}`);
        return;
      default:
        this.work(command);
    }
  }

  /** The copy is of the step that the replica has come to by then. */
  private copy(): StateCopy {
    const words = new Float32Array(this.cluster.net.stateWords);
    bytesOf(words).set(this.replica.snapshot());
    return { step: this.replica.appliedStep, words, digest: digestOf(words) };
  }

  private tellOfStranger({ fence }: Message<'Directive'>): void {
    if (this.state.fence === null || fence === this.state.fence) return;
    this.cluster.tell(
      this.id,
      `leaves a plan under fence ${fence} alone: its welcome has ${this.state.fence}`,
    );
  }

  /** Work on the replica: takes its time, and is done at its end. */
  private work(command: ReplicaCommand): void {
    const { cluster } = this;
    this.tellOf(command);
    if (command.kind === 'apply') cluster.applied(this.id, command, this.state.directive);
    if (this.hangs) return;
    this.process.after(
      cluster.duration(this.id, command.kind === 'compute' ? cluster.slotMs : DURATIONS[command.kind]),
      () => {
        if (command.kind === 'write-snapshot' && this.diesAt('done-work')) return;
        const input = this.result(command);
        if (!this.diesAt('done-work')) this.take(input);
      },
    );
  }

  private tellOf(command: ReplicaCommand): void {
    const text = {
      'load-epoch': 'gets ready for epoch',
      'join-epoch': 'has the weights, and takes part from step',
      compute: 'isCheck' in command && command.isCheck ? 'computes, to compare, slot' : 'computes slot',
      apply: 'applies step',
      digest: null,
      'write-snapshot': 'writes the snapshot of epoch',
    }[command.kind];
    if (text === null) return;
    const what =
      command.kind === 'compute'
        ? `${command.lease.slot} of step ${command.step}`
        : 'step' in command
          ? command.step
          : command.epoch;
    const under = command.kind === 'load-epoch' ? ` under fence ${command.fence}` : '';
    this.cluster.tell(this.id, `${text} ${what}${under}`);
  }

  private result(command: ReplicaCommand): TrainerInput {
    const { cluster, replica } = this;
    switch (command.kind) {
      case 'load-epoch':
        return this.load(command);
      case 'join-epoch':
        replica.restore(bytesOf(command.words));
        return { kind: 'epoch-loaded', lengths: this.lengthsOf(command.plan), error: null };
      case 'compute':
        return this.compute(command);
      case 'apply':
        replica.apply(cluster.controls.slotOrder(command, this.arrivals));
        return { kind: 'applied', digest: command.digest ? replica.digest() : null, failure: null };
      case 'digest':
        return { kind: 'digested', sha256: replica.digest() };
      case 'write-snapshot': {
        const sha256 = cluster.disk.write(replica.snapshot());
        const error = sha256 === command.sha256 ? null : `it came to ${sha256}`;
        return { kind: 'snapshot-written', error };
      }
    }
  }

  private load({ plan, reuse }: Extract<ReplicaCommand, { kind: 'load-epoch' }>): TrainerInput {
    const { cluster, replica } = this;
    if (plan.snapshot === null) replica.initialise(INITIAL_SEED);
    else if (!reuse) {
      const bytes = cluster.disk.read(plan.snapshot);
      if (bytes === null)
        return { kind: 'epoch-loaded', error: `the snapshot ${plan.snapshot.slice(0, 8)} cannot be read` };
      replica.restore(bytes);
    }
    return { kind: 'epoch-loaded', lengths: this.lengthsOf(plan), error: null };
  }

  private lengthsOf({ individuals }: EpochPlan): number[] {
    return individuals.map(({ genome }) => this.cluster.net.slotFloats(genome));
  }

  private compute({ step: at, lease, genome }: Extract<ReplicaCommand, { kind: 'compute' }>): TrainerInput {
    const { cluster } = this;
    const { slot } = lease;
    if (cluster.plan.search.isDiverging(at, slot)) return { kind: 'slot-computed', bad: 'value 0 is NaN' };
    if (this.isArithmeticBad && cluster.spoilsSlot(at, slot)) {
      this.isArithmeticBad = false;
      cluster.tell(this.id, `computes NaN for slot ${slot} of step ${at}`);
      return { kind: 'slot-computed', bad: 'value 0 is NaN' };
    }
    const vector = this.replica.slotVector(genome, { step: at, slot });
    if (this.isLying) {
      cluster.count('wrong arithmetic');
      cluster.tell(this.id, `has a wrong bit in slot ${slot} of step ${at}`);
      const bits = new Uint32Array(vector.buffer);
      // A high bit of the fraction: a sum in fp32 often rounds the lowest one away.
      bits[0] = bits[0]! ^ (1 << 20);
    }
    return { kind: 'slot-computed', vector };
  }

  private noteArrival(input: TrainerInput): void {
    const { work } = this.state;
    if (input.kind === 'received' && input.name === 'GradientChunk')
      this.arrivals.set(`${input.message.step}/${input.message.slot}`, this.process.now);
    else if (input.kind === 'slot-computed' && work?.command.kind === 'compute')
      this.arrivals.set(`${work.command.step}/${work.command.lease.slot}`, this.process.now);
  }
}

const DURATIONS: Readonly<Record<Exclude<ReplicaCommand['kind'], 'compute'>, number>> = {
  'load-epoch': DISK_MS,
  'join-epoch': APPLY_MS,
  apply: APPLY_MS,
  digest: APPLY_MS,
  'write-snapshot': DISK_MS,
};
