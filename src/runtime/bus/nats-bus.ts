/**
 * The bus over one connection to a NATS server. What it adds to the client:
 * - it never gives up: it reconnects for ever, and notices a silent server within 5 s;
 * - its memory is bounded (outbox.ts): while cut off, messages wait in order and are sent after the
 *   reconnect; beyond `bufferBytes` a message is dropped, counted, and `publish` says so;
 * - every wait has a deadline and a named failure (bus-errors.ts);
 * - a handler that throws or rejects is reported, and harms nothing else.
 */
import { createInbox, errors, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { failpoint } from '../failpoint/failpoint.js';
import { after, Deadline, settledWithin, sleep } from '../process/monotonic.js';
import { AskTimeout, BusClosed, FlushTimeout, NoResponder } from './bus-errors.js';
import { NotPermitted, PayloadTooLarge } from './bus-errors.js';
import type { Bus, BusOptions, BusStatistics, Handle, Handler, Subscription } from './bus.js';
import { ConnectionState } from './connection-state.js';
import { Outbox } from './outbox.js';

const DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024;
const DRAIN_MS = 2000;
const FLUSH_MS = 10_000;
/** Between two tries of a question that had no listener soon after a reconnect. */
const GATHER_PAUSE_MS = 50;
/** After a failed ping: the client is about to report the broken connection. */
const BROKEN_PAUSE_MS = 10;

/** Made by `connect`. */
export class NatsBus implements Bus {
  private readonly state: ConnectionState;
  private readonly outbox: Outbox;
  private readonly reconnectCallbacks = new Set<() => void>();
  private lastMaxPayload = 1024 * 1024;
  private askTimeouts = 0;
  private handlerErrors = 0;

  constructor(
    /** The client's connection, for work-queue.ts. */
    readonly nats: NatsConnection,
    private readonly options: BusOptions,
  ) {
    this.outbox = new Outbox(
      options.bufferBytes ?? DEFAULT_BUFFER_BYTES,
      ({ subject, bytes, reply }) => this.nats.publish(subject, bytes, reply === null ? {} : { reply }),
      () => this.nats.flush(),
    );
    this.state = new ConnectionState(nats, {
      cutOff: () => this.outbox.cutOff(),
      reconnected: () => this.reconnected(),
      serverError: (error) => this.report(error, 'server'),
    });
  }

  get connected(): boolean {
    return this.state.up;
  }

  get closed(): boolean {
    return this.state.over;
  }

  get maxPayload(): number {
    // While cut off the client knows none: the last one counts.
    this.lastMaxPayload = this.nats.info?.max_payload ?? this.lastMaxPayload;
    return this.lastMaxPayload;
  }

  pendingBytes(): number {
    return this.outbox.pendingBytes();
  }

  publish(subject: string, bytes: Uint8Array, reply: string | null = null): boolean {
    this.refuse(`publish ${subject}`, subject, bytes);
    failpoint('before-publish');
    const isKept = this.outbox.offer({ subject, bytes, reply });
    failpoint('after-publish');
    return isKept;
  }

  respond(reply: string, bytes: Uint8Array): boolean {
    return this.publish(reply, bytes);
  }

  subscribe(subject: string, handler: Handler, { queue }: { readonly queue?: string } = {}): Subscription {
    if (this.closed) throw new BusClosed(`subscribe ${subject}`);
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.handle(handler, message);
      else if (!(error instanceof errors.PermissionViolationError)) this.report(error, subject);
      else this.report(new NotPermitted(subject, 'subscribe to', error), subject);
    };
    const subscription = this.nats.subscribe(
      subject,
      queue === undefined ? { callback } : { callback, queue },
    );
    return {
      subject,
      close: () => {
        if (!subscription.isClosed()) subscription.unsubscribe();
      },
      drain: async () => {
        if (!subscription.isClosed() && !this.closed) await subscription.drain().catch(() => undefined);
      },
    };
  }

  inbox(): string {
    return createInbox(this.options.inboxPrefix);
  }

  async ask(subject: string, bytes: Uint8Array, deadlineMs: number): Promise<Uint8Array> {
    this.refuse(`ask ${subject}`, subject, bytes);
    const deadline = new Deadline(deadlineMs);
    const question = this.connected ? bytes : Uint8Array.from(bytes);
    for (;;) {
      await this.state.untilUp(deadline, `ask ${subject}`);
      try {
        if (deadline.over) throw new errors.TimeoutError();
        return (await this.nats.request(subject, question, { timeout: Math.max(1, deadline.left()) })).data;
      } catch (error) {
        const failure = this.askError(error, subject, deadlineMs);
        const isFinal = !(failure instanceof NoResponder) || this.state.gathered;
        if (isFinal || deadline.left() < GATHER_PAUSE_MS) throw failure;
        await sleep(GATHER_PAUSE_MS);
      }
    }
  }

  async flush(deadlineMs = FLUSH_MS): Promise<void> {
    const deadline = new Deadline(deadlineMs);
    for (;;) {
      await this.state.untilUp(deadline, 'flush');
      if (deadline.over) throw new FlushTimeout(this.pendingBytes(), deadlineMs);
      const mark = this.outbox.mark();
      const reached = await this.pingServer(deadline.left());
      if (this.closed && !reached) throw new BusClosed('flush');
      if (reached) {
        this.outbox.confirmUpTo(mark);
        return;
      }
    }
  }

  onReconnect(callback: () => void): Handle {
    // An entry of its own for each call, so that one callback may be there twice.
    const entry = (): void => callback();
    this.reconnectCallbacks.add(entry);
    return { close: () => void this.reconnectCallbacks.delete(entry) };
  }

  statistics(): BusStatistics {
    const { inMsgs, inBytes, outMsgs, outBytes } = this.nats.stats();
    return {
      connected: this.connected,
      reconnects: this.state.reconnects,
      inMessages: inMsgs,
      inBytes,
      outMessages: outMsgs,
      outBytes,
      pendingBytes: this.pendingBytes(),
      droppedMessages: this.outbox.droppedMessages,
      droppedBytes: this.outbox.droppedBytes,
      askTimeouts: this.askTimeouts,
      handlerErrors: this.handlerErrors,
    };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.state.end();
    if (this.connected) await settledWithin(this.nats.drain(), DRAIN_MS);
    await this.nats.close();
  }

  private refuse(operation: string, subject: string, bytes: Uint8Array): void {
    if (this.closed) throw new BusClosed(operation);
    if (bytes.byteLength > this.maxPayload)
      throw new PayloadTooLarge(subject, bytes.byteLength, this.maxPayload);
  }

  private handle(handler: Handler, { data, subject, reply = '' }: Msg): void {
    try {
      // The client gives '' where the sender waits for no answer.
      const result = handler(data, { subject, reply: reply === '' ? null : reply });
      if (result instanceof Promise) result.catch((failure: unknown) => this.handlerFailed(failure, subject));
    } catch (failure) {
      this.handlerFailed(failure, subject);
    }
  }

  private reconnected(): void {
    this.outbox.reopen((error, message) => this.handlerFailed(error, message.subject));
    for (const callback of [...this.reconnectCallbacks]) {
      try {
        callback();
      } catch (error) {
        this.handlerFailed(error, 'reconnect');
      }
    }
  }

  /** True if the server answered a ping in time; false if not, or if the connection broke. */
  private pingServer(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = after(ms, () => resolve(false));
      const done = (answer: boolean): void => {
        timer.cancel();
        resolve(answer);
      };
      this.nats.flush().then(
        () => done(true),
        // Do not spin until the state has changed.
        () => after(BROKEN_PAUSE_MS, () => done(false)),
      );
    });
  }

  private askError(error: unknown, subject: string, deadlineMs: number): Error {
    const cause: unknown = error instanceof errors.RequestError ? (error.cause ?? error) : error;
    if (cause instanceof errors.NoRespondersError) return new NoResponder(subject);
    if (cause instanceof errors.PermissionViolationError)
      return new NotPermitted(cause.subject, cause.operation, cause);
    if (this.closed) return new BusClosed(`ask ${subject}`);
    if (cause instanceof errors.TimeoutError) {
      this.askTimeouts++;
      return new AskTimeout(subject, deadlineMs);
    }
    return error instanceof Error ? error : new Error(String(error));
  }

  private handlerFailed(error: unknown, subject: string): void {
    this.handlerErrors++;
    this.report(error, subject);
  }

  private report(error: unknown, subject: string): void {
    try {
      if (this.options.onError === undefined) writeError(this.options.name, subject, error);
      else this.options.onError(error, subject);
    } catch {
      // A reporter that fails must not take the bus with it.
    }
  }
}

function writeError(bus: string, subject: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`bus ${bus}, ${subject}: ${text}\n`);
}

/** The client's connection under `bus`, for what the bus does not offer (work-queue.ts). */
export function natsOf(bus: Bus): NatsConnection {
  if (bus instanceof NatsBus) return bus.nats;
  throw new TypeError('a work queue needs a bus that was made by connect');
}
