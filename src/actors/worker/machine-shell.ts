/**
 * Runs a protocol machine of a worker on the bus. The one place where such a machine receives, steps,
 * has its work done and sends, in that order; it owns the machine's subscriptions and its ticks.
 *
 * Inputs are handled one at a time: one that comes while another is handled waits for its end.
 */
import type { Send, Step } from '../../protocol/step.js';
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import { monotonicMs } from '../../runtime/process/monotonic.js';
import type { MessageName } from '../../wire/messages.js';
import { encode } from '../../wire/messages.js';
import type { BusClient } from '../../wire/bus-role.js';
import type { Subjects } from '../../wire/subjects.js';
import { OwnSubjects } from '../../wire/sender.js';
import type { ReceivedMessage } from '../setup/listening.js';
import { deadLetterBox } from '../setup/dead-letters.js';
import { Listening } from '../setup/listening.js';

export interface MachineParts<State, Input, Command> {
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** Who this machine is on the bus. */
  readonly client: BusClient;
  readonly initial: State;
  readonly step: (state: State, input: Input, now: number) => Step<State, Command>;
  /** Starts a command; its end is passed to `take`, in a later turn. */
  readonly start: (command: Command) => void;
  /** Sends a message by `publish`, where more is to be done with it. */
  readonly send?: (message: Send, publish: (message: Send) => void) => void;
  readonly tick: { readonly everyMs: number; readonly input: () => Input };
  /** The machine threw, or the bus refuses its messages: this process cannot go on. */
  readonly onError: (error: unknown) => void;
}

export class MachineShell<State, Input, Command> implements Handle {
  private readonly listening: Listening;
  private readonly waiting: Input[] = [];
  private readonly inboxes = new Map<MessageName, string>();
  private readonly own: OwnSubjects;
  private readonly timer: NodeJS.Timeout;
  private current: State;
  private isHandling = false;
  private isClosed = false;

  constructor(private readonly parts: MachineParts<State, Input, Command>) {
    this.current = parts.initial;
    const { bus, subjects, client } = parts;
    const isWorker = client.role === 'trainer' || client.role === 'evaluator';
    this.listening = new Listening(bus, isWorker ? deadLetterBox(bus, subjects, client) : null);
    this.own = new OwnSubjects(parts.subjects, parts.client);
    this.timer = setInterval(() => this.take(parts.tick.input()), parts.tick.everyMs);
  }

  get state(): State {
    return this.current;
  }

  /** Passes on the messages of a subject. */
  listen<Name extends MessageName>(
    name: Name,
    subject: string,
    input: (received: ReceivedMessage<Name>) => Input,
  ): void {
    this.listening.on(name, subject, (received) => this.take(input(received)));
  }

  /** Messages of the name `question` are sent with an inbox, and their answers passed on. */
  listenForAnswers<Name extends MessageName>(
    question: MessageName,
    name: Name,
    input: (received: ReceivedMessage<Name>) => Input,
  ): void {
    const inbox = this.parts.bus.inbox();
    this.inboxes.set(question, inbox);
    this.listen(name, inbox, input);
  }

  /** Hands an input to the machine. */
  take(input: Input): void {
    if (this.isClosed) return;
    this.waiting.push(input);
    if (this.isHandling) return;
    this.isHandling = true;
    try {
      for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift())
        this.handle(next);
    } catch (error) {
      this.close();
      this.parts.onError(error);
    } finally {
      this.isHandling = false;
    }
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.waiting.length = 0;
    this.listening.close();
  }

  private handle(input: Input): void {
    const { state, save, send } = this.parts.step(this.current, input, monotonicMs());
    this.current = state;
    for (const command of save) this.parts.start(command);
    for (const message of send)
      if (this.parts.send === undefined) this.publish(message);
      else this.parts.send(message, (changed) => this.publish(changed));
  }

  private publish({ name, message, to }: Send): void {
    const { bus } = this.parts;
    // Closed is how a bus ends when its run does: nothing is left to be told.
    if (bus.closed) return;
    bus.publish(this.own.of(name, to), encode(name, message), this.inboxes.get(name) ?? null);
  }
}
