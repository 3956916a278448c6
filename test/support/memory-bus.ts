/**
 * The bus without a broker: for tests of whatever takes a Bus. Passes bus-conformance.ts as the real one
 * does, and is cut off and restored by a call. Not modelled: permissions, and messages that are lost on
 * their way when a connection breaks.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AskTimeout,
  BusClosed,
  FlushTimeout,
  NoResponder,
  PayloadTooLarge,
  type Bus,
  type BusOptions,
  type BusStatistics,
  type Handle,
  type Handler,
  type Subscription,
} from '#emars/runtime/bus/connection.js';
import { after, Deadline } from '#emars/runtime/process/monotonic.js';

export type MemoryBusOptions = Partial<Pick<BusOptions, 'name' | 'bufferBytes' | 'inboxPrefix' | 'onError'>>;

interface Message {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string | null;
}

interface Interest {
  readonly subject: string;
  readonly queue: string | null;
  readonly deliver: (message: Message) => void;
  closed: boolean;
}

/** What the buses of one test share. */
export class MemoryBroker {
  private readonly buses = new Set<MemoryBus>();
  private readonly interests = new Set<Interest>();
  private turn = 0;
  private inboxes = 0;
  isUp = true;

  connect(options: MemoryBusOptions = {}): Bus {
    const bus = new MemoryBus(this, options);
    this.buses.add(bus);
    return bus;
  }

  /** All buses lose their connection. */
  cut(): void {
    this.isUp = false;
  }

  /** All buses have their connection again: what they held is sent, and they are told. */
  restore(): void {
    this.isUp = true;
    for (const bus of this.buses) bus.sendHeld();
    for (const bus of this.buses) bus.reconnected();
  }

  forget(bus: MemoryBus): void {
    this.buses.delete(bus);
  }

  nextInbox(prefix: string): string {
    return `${prefix}.${++this.inboxes}`;
  }

  add(interest: Interest): void {
    this.interests.add(interest);
  }

  remove(interest: Interest): void {
    interest.closed = true;
    this.interests.delete(interest);
  }

  /** Who gets a message: every subscription that matches, and one of each queue. */
  receivers(subject: string): Interest[] {
    const matching = [...this.interests].filter((interest) => matches(interest.subject, subject));
    const queues = new Set(matching.map(({ queue }) => queue));
    return [...queues].flatMap((queue) => {
      const members = matching.filter((interest) => interest.queue === queue);
      return queue === null ? members : [members[this.turn++ % members.length]!];
    });
  }

  /** Handed over in the next turn of the event loop, in order. */
  route(message: Message): void {
    for (const interest of this.receivers(message.subject)) {
      setImmediate(() => {
        if (!interest.closed) interest.deliver(message);
      });
    }
  }
}

class MemoryBus implements Bus {
  readonly maxPayload = 1024 * 1024;
  private isClosed = false;
  private readonly own = new Set<Interest>();
  private readonly held: Message[] = [];
  private readonly reconnectCallbacks = new Set<() => void>();
  private readonly waiters = new Set<() => void>();
  private readonly counts = {
    reconnects: 0,
    inMessages: 0,
    inBytes: 0,
    outMessages: 0,
    outBytes: 0,
    droppedMessages: 0,
    droppedBytes: 0,
    askTimeouts: 0,
    handlerErrors: 0,
  };

  constructor(
    private readonly broker: MemoryBroker,
    private readonly options: MemoryBusOptions,
  ) {}

  get connected(): boolean {
    return this.broker.isUp && !this.isClosed;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  pendingBytes(): number {
    return this.held.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }

  publish(subject: string, bytes: Uint8Array, reply: string | null = null): boolean {
    this.refuse(`publish ${subject}`, subject, bytes);
    const limit = this.options.bufferBytes ?? 64 * 1024 * 1024;
    if (!this.connected && this.pendingBytes() + bytes.byteLength > limit) {
      this.counts.droppedMessages++;
      this.counts.droppedBytes += bytes.byteLength;
      return false;
    }
    const message = { subject, bytes: Uint8Array.from(bytes), reply };
    if (this.connected) this.send(message);
    else this.held.push(message);
    return true;
  }

  respond(reply: string, bytes: Uint8Array): boolean {
    return this.publish(reply, bytes);
  }

  subscribe(subject: string, handler: Handler, { queue }: { readonly queue?: string } = {}): Subscription {
    if (this.closed) throw new BusClosed(`subscribe ${subject}`);
    const deliver = (message: Message): void => this.handle(handler, message);
    const interest: Interest = { subject, queue: queue ?? null, deliver, closed: false };
    this.broker.add(interest);
    this.own.add(interest);
    const close = (): void => {
      this.broker.remove(interest);
      this.own.delete(interest);
    };
    return {
      subject,
      close,
      drain: async () => {
        await nextTurn();
        close();
      },
    };
  }

  inbox(): string {
    return this.broker.nextInbox(this.options.inboxPrefix ?? '_INBOX');
  }

  async ask(subject: string, bytes: Uint8Array, deadlineMs: number): Promise<Uint8Array> {
    this.refuse(`ask ${subject}`, subject, bytes);
    const deadline = new Deadline(deadlineMs);
    await this.untilConnected(deadline, `ask ${subject}`);
    if (!deadline.over && this.broker.receivers(subject).length === 0) throw new NoResponder(subject);
    return await new Promise((resolve, reject) => {
      const inbox = this.inbox();
      const settle = (then: () => void): void => {
        timer.cancel();
        answers.close();
        this.waiters.delete(ended);
        then();
      };
      const ended = (): void => {
        if (this.closed) settle(() => reject(new BusClosed(`ask ${subject}`)));
      };
      const timer = after(deadline.left(), () => {
        this.counts.askTimeouts++;
        settle(() => reject(new AskTimeout(subject, deadlineMs)));
      });
      const answers = this.subscribe(inbox, (answer) => settle(() => resolve(answer)));
      this.waiters.add(ended);
      if (!deadline.over) this.publish(subject, bytes, inbox);
    });
  }

  async flush(deadlineMs = 10_000): Promise<void> {
    const deadline = new Deadline(deadlineMs);
    await this.untilConnected(deadline, 'flush');
    if (deadline.over) throw new FlushTimeout(this.pendingBytes(), deadlineMs);
    await nextTurn();
  }

  onReconnect(callback: () => void): Handle {
    const entry = (): void => callback();
    this.reconnectCallbacks.add(entry);
    return { close: () => void this.reconnectCallbacks.delete(entry) };
  }

  statistics(): BusStatistics {
    return { connected: this.connected, pendingBytes: this.pendingBytes(), ...this.counts };
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    await nextTurn();
    this.isClosed = true;
    for (const interest of this.own) this.broker.remove(interest);
    this.broker.forget(this);
    for (const wake of [...this.waiters]) wake();
  }

  sendHeld(): void {
    for (const message of this.held.splice(0)) this.send(message);
  }

  reconnected(): void {
    this.counts.reconnects++;
    for (const wake of [...this.waiters]) wake();
    for (const callback of [...this.reconnectCallbacks]) {
      try {
        callback();
      } catch (error) {
        this.handlerFailed(error, 'reconnect');
      }
    }
  }

  private send(message: Message): void {
    this.counts.outMessages++;
    this.counts.outBytes += message.bytes.byteLength;
    this.broker.route(message);
  }

  private refuse(operation: string, subject: string, bytes: Uint8Array): void {
    if (this.closed) throw new BusClosed(operation);
    if (bytes.byteLength > this.maxPayload)
      throw new PayloadTooLarge(subject, bytes.byteLength, this.maxPayload);
  }

  private async untilConnected(deadline: Deadline, operation: string): Promise<void> {
    while (!this.connected) {
      if (this.closed) throw new BusClosed(operation);
      if (deadline.over) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          timer.cancel();
          this.waiters.delete(done);
          resolve();
        };
        const timer = after(deadline.left(), done);
        this.waiters.add(done);
      });
    }
  }

  private handle(handler: Handler, { subject, bytes, reply }: Message): void {
    this.counts.inMessages++;
    this.counts.inBytes += bytes.byteLength;
    try {
      const result = handler(bytes, { subject, reply });
      if (result instanceof Promise) result.catch((failure: unknown) => this.handlerFailed(failure, subject));
    } catch (failure) {
      this.handlerFailed(failure, subject);
    }
  }

  private handlerFailed(error: unknown, subject: string): void {
    this.counts.handlerErrors++;
    this.options.onError?.(error, subject);
  }
}

/** NATS' rule: `*` stands for one token, `>` at the end for one or more. */
function matches(pattern: string, subject: string): boolean {
  const tokens = subject.split('.');
  const wanted = pattern.split('.');
  if (wanted.at(-1) === '>')
    return (
      tokens.length >= wanted.length &&
      matches(wanted.slice(0, -1).join('.'), tokens.slice(0, wanted.length - 1).join('.'))
    );
  return wanted.length === tokens.length && wanted.every((want, i) => want === '*' || want === tokens[i]);
}
