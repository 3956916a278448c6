/**
 * Runs the evolution machine on a bus, a journal and a disk. All that happens to it happens in `drain`, in
 * this order: inputs are stepped, their records journalled (one fdatasync), work started, messages sent.
 * So nothing is said or done that the journal does not hold.
 */
import { EmarsError } from '../../errors/error.js';
import { failedStatus, step } from '../../protocol/evolution/evolution.js';
import type { EvolutionCommand, EvolutionInput } from '../../protocol/evolution/commands.js';
import type { EvolutionSetup, EvolutionState } from '../../protocol/evolution/evolution-state.js';
import type { Send } from '../../protocol/step.js';
import type { Bus } from '../../runtime/bus/bus.js';
import type { Timer } from '../../runtime/process/monotonic.js';
import { after, monotonicMs } from '../../runtime/process/monotonic.js';
import type { SearchEvent } from '../../search/events.js';
import type { SearchState } from '../../search/state.js';
import type { MessageName } from '../../wire/messages.js';
import { RepeatedEncoder } from '../../wire/repeated.js';
import type { Subjects } from '../../wire/subjects.js';
import { subjectOf } from '../../wire/subjects.js';
import { deadLetterBox } from '../setup/dead-letters.js';
import { Listening } from '../setup/listening.js';
import type { SearchJournal } from './search-journal.js';
import { DamagedRun } from './search-journal.js';
import { textOf } from '../../errors/text.js';
import { trace } from '../../runtime/trace/trace.js';
import { StageTrace } from './stage-trace.js';

/** The search cannot go on; the run folder holds all that was done. */
export class SearchStopped extends EmarsError {
  override readonly name = 'SearchStopped';
  readonly kind = 'environment';
}

/** Work of the machine, by kind; each resolves to the input that tells its end, or null. */
export type EvolutionWork = (
  command: Exclude<EvolutionCommand, { kind: 'say' | 'finish' | 'stop' }>,
  search: SearchState,
) => Promise<EvolutionInput | null>;

export interface EvolutionParts {
  readonly setup: EvolutionSetup;
  readonly journal: SearchJournal;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly work: EvolutionWork;
  readonly say: (line: string) => void;
}

const TICK_MS = 100;
const EVOLUTION = { role: 'evolution', id: 'evolution' } as const;
/** Inputs that share one write to the journal, at most. */
const BATCH = 256;

type End = Extract<EvolutionCommand, { kind: 'finish' }>['end'];

export class EvolutionShell {
  private readonly waiting: EvolutionInput[] = [];
  private readonly listening: Listening;
  private readonly encoder = new RepeatedEncoder();
  private readonly stages = new StageTrace();
  private timer: Timer | null = null;
  private draining = false;
  private closed = false;
  private settle!: { resolve: (end: End) => void; reject: (reason: unknown) => void };
  /** Resolves when the search is done and its results are written, or drained; rejects when it cannot go on. */
  readonly done: Promise<End>;

  constructor(
    private readonly parts: EvolutionParts,
    private state: EvolutionState,
  ) {
    const { bus, subjects } = parts;
    this.listening = new Listening(bus, deadLetterBox(bus, subjects, EVOLUTION));
    this.done = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
  }

  /** Listens, and goes on from what the journal says. */
  start(): void {
    const { bus, subjects } = this.parts;
    const post = (input: EvolutionInput): void => this.post(input);
    this.listening.on('Hello', subjects.hello, post);
    this.listening.on('Heartbeat', subjects.heartbeat, post);
    this.listening.on('Leave', subjects.leave, post);
    this.listening.on('EpochReady', subjects.ready, post);
    this.listening.on('SlotsHeld', subjects.slots, post);
    this.listening.on('EpochTrained', subjects.trained, post);
    this.listening.on('EvaluationResult', subjects.result, post);
    this.listening.on('ObjectiveHello', subjects.objective, post);
    this.listening.on('ObjectiveLeave', subjects.objectiveLeave, post);
    this.listening.on('MeasureResult', subjects.measured, post);
    this.listening.own(bus.subscribe(subjects.rollCall, () => this.post({ kind: 'roll-call-echoed' })));
    this.listening.own(bus.onReconnect(() => this.post({ kind: 'reconnected' })));
    this.post({ kind: 'started' });
    this.tick();
  }

  /** The search is to stop after the step at work; called again, it changes nothing. */
  stopAfterStep(): void {
    this.post({ kind: 'drain' });
  }

  /** Takes nothing in any more; the journal stays open: its owner closes it. */
  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.listening.close();
  }

  private tick(): void {
    this.post({ kind: 'tick', connected: this.parts.bus.connected });
    this.timer = after(TICK_MS, () => this.tick());
  }

  private post(input: EvolutionInput): void {
    if (this.closed) return;
    this.waiting.push(input);
    void this.drain();
  }

  private async drain(): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    try {
      while (this.waiting.length > 0 && !this.closed) await this.turn(this.waiting.splice(0, BATCH));
    } catch (error) {
      this.fail(error);
    } finally {
      this.draining = false;
    }
  }

  private async turn(inputs: readonly EvolutionInput[]): Promise<void> {
    const record: SearchEvent[] = [];
    const save: EvolutionCommand[] = [];
    const send: Send[] = [];
    const from = trace.now();
    for (const input of inputs) {
      const next = step(this.parts.setup, this.state, input, monotonicMs());
      this.state = next.state;
      record.push(...next.record);
      save.push(...next.save);
      send.push(...next.send);
    }
    this.stages.turned(this.state, from, record);
    if (record.length > 0) await trace.during('disk', 'journal', () => this.parts.journal.append(record));
    for (const command of save) this.begin(command);
    for (const message of send) this.publish(message);
    this.end(save);
  }

  private begin(command: EvolutionCommand): void {
    switch (command.kind) {
      case 'say':
        this.parts.say(command.line);
        return;
      case 'finish':
      case 'stop':
        return;
      default:
        this.parts.work(command, this.state.search).then(
          (input) => input !== null && this.post(input),
          (error: unknown) => this.fail(error),
        );
    }
  }

  private publish({ name, message, to }: Send): void {
    const { bus, subjects } = this.parts;
    const bytes = this.encoder.encode<MessageName>(name, message);
    const subject = subjectOf(subjects, name, to);
    if (name === 'Welcome' || name === 'Receipt' || name === 'ObjectiveReply') bus.respond(subject, bytes);
    else bus.publish(subject, bytes);
  }

  /** After the last message was handed over: the end of the search, one way or the other. */
  private end(save: readonly EvolutionCommand[]): void {
    for (const command of save) {
      if (command.kind === 'finish') {
        this.close();
        const { end } = command;
        this.parts.bus.flush().then(() => this.settle.resolve(end), this.settle.reject);
      } else if (command.kind === 'stop') {
        this.close();
        const error = command.damaged ? new DamagedRun(command.reason) : new SearchStopped(command.reason);
        void this.flushed().then(() => this.settle.reject(error));
      }
    }
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    this.close();
    const text = textOf(error);
    // The run ends whether or not this can still be sent.
    try {
      const message = failedStatus(this.parts.setup, this.state, text, monotonicMs());
      this.publish({ name: 'Status', message, to: null });
    } catch {
      // The error that matters is the one at hand.
    }
    void this.flushed().then(() => this.settle.reject(error));
  }

  private flushed(): Promise<void> {
    return this.parts.bus.flush().catch(() => undefined);
  }
}
