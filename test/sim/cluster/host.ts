/**
 * What runs an actor's machine in the simulated cluster, as its shell does in a process: one input at a
 * time, then what the step came to, in the order record, save, send. It can die at any of these points.
 */
import type { Send } from '#emars/protocol/step.js';
import type { Message, MessageName } from '#emars/wire/messages.js';
import { WireError } from '#emars/wire/messages.js';
import { RepeatedEncoder } from '#emars/wire/repeated.js';
import { subjectOf } from '#emars/wire/subjects.js';
import type { KillPoint, TailFate } from '../faults/fault.js';
import { SimProcess } from '../kernel/process.js';
import type { Cluster } from './cluster.js';
import { decoded } from './decoded.js';

/** Between the start of a process and its first word on the bus. */
const BOOT_MS = 30;

export abstract class Host {
  readonly process: SimProcess;
  private readonly encoder = new RepeatedEncoder();
  private beat: Message<'Heartbeat'> | null = null;
  private readonly stages = new Map<string, string>();
  /** Where it is to die when it next comes by. */
  private doom: KillPoint | null = null;
  /** A fault: it ends soon after each start, and how often it has. */
  diesAfterEachStart = false;
  quickDeaths = 0;
  /** A fault: of all it says only heartbeats are heard. */
  isMute = false;
  /** A fault: what it begins never ends, in this life. */
  hangs = false;
  /** What its death does to the end of a file it was writing. */
  tail: TailFate = { kind: 'kept' };

  constructor(
    protected readonly cluster: Cluster,
    readonly id: string,
    /** In words, for people: "trainer-0". */
    readonly role: 'evolution' | 'trainer' | 'evaluator' | 'objective',
  ) {
    this.process = new SimProcess(id, cluster.timeline);
  }

  /** Starts the process anew, if it is not running. */
  start(): void {
    if (this.process.alive) return;
    this.doom = null;
    this.hangs = false;
    this.process.begin();
    this.process.after(BOOT_MS, () => {
      if (this.diesAfterEachStart) this.kill('dies');
      else this.boot();
    });
  }

  /** Ends the process at once; the supervisor starts it again. */
  kill(why: string): void {
    if (!this.process.alive) return;
    this.process.kill();
    this.cluster.tell(this.id, why);
    this.cluster.ended(this);
  }

  /** It dies at `point`: at once, or when it comes by. */
  killAt(point: KillPoint, tail: TailFate): void {
    if (!this.process.alive) return;
    this.tail = tail;
    this.doom = point;
    this.diesAt('now');
  }

  /** It is told to end: it ends once the run can do without it. */
  leave(): void {
    throw new TypeError(`${this.id} cannot leave`);
  }

  /** A fault of its memory or arithmetic. */
  spoil(fault: 'bad-gradient' | 'lie' | 'weights'): void {
    throw new TypeError(`${this.id} has no ${fault} to spoil`);
  }

  /** True when the actor died here. */
  protected diesAt(point: KillPoint): boolean {
    if (this.doom !== point) return false;
    this.cluster.count(`kill ${this.role} ${point}`);
    this.kill(point === 'now' ? 'is killed' : `is killed (${point})`);
    return true;
  }

  /** A message as a shell reads it; null, and a word in the log, where it is none. */
  protected read<Name extends MessageName>(name: Name, bytes: Uint8Array): Message<Name> | null {
    const message = decoded(name, bytes);
    if (!(message instanceof WireError)) return message;
    this.cluster.tell(this.id, `drops a message: ${message.message}`);
    return null;
  }

  /** Notes a stage, each time it is reached. */
  protected reach(kind: string, stage: string): void {
    if (this.stages.get(kind) === stage) return;
    this.stages.set(kind, stage);
    this.cluster.stages.add(`${kind} ${stage}`);
  }

  /** Subscribes, reads what is on disk, says hello. */
  protected abstract boot(): void;

  /** Heartbeats say the same again and again: one object, so that thousands are encoded and read once. */
  private repeated(name: MessageName, message: Send['message']): Send['message'] {
    if (name !== 'Heartbeat') return message;
    const beat = message as Message<'Heartbeat'>;
    const { fence, incarnation } = this.beat ?? {};
    if (fence !== beat.fence || incarnation !== beat.incarnation) this.beat = beat;
    return this.beat!;
  }

  /** Sends what a step came to; false when the actor died over it. */
  protected sendAll(send: readonly Send[], replyTo: string | null = null): boolean {
    const { bus, subjects } = this.cluster;
    for (const [i, sent] of send.entries()) {
      if (i === 1 && this.diesAt('half-sent')) return false;
      const { name, message, to } = sent;
      // A simulated run is not watched.
      if (name === 'Status' || (this.isMute && name !== 'Heartbeat' && name !== 'ObjectiveHello')) continue;
      this.cluster.told(this.id, sent);
      const subject = subjectOf(subjects, name, to);
      const bytes = this.encoder.encode<MessageName>(name, this.repeated(name, message));
      bus.publish(this.process, subject, bytes, ASKS.has(name) ? replyTo : null);
    }
    return send.length !== 1 || !this.diesAt('half-sent');
  }
}

/** Messages that want an answer. */
const ASKS: ReadonlySet<MessageName> = new Set([
  'Hello',
  'Leave',
  'EvaluationResult',
  'ObjectiveHello',
  'ObjectiveLeave',
]);
