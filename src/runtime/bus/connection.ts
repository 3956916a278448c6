/**
 * The bus: one connection to the broker, for ever. Sole importer of the NATS client, with work-queue.ts.
 *
 * What the bus promises: at most once. A message may be lost when the connection breaks; whoever needs
 * more asks again. What it adds to the client:
 * - it never gives up: it reconnects for ever, and notices a silent server within 5 s;
 * - its memory is bounded (outbox.ts): while cut off, messages wait in order and are sent after the
 *   reconnect; beyond `bufferBytes` a message is dropped, counted, and `publish` says so;
 * - every wait has a deadline and a named failure (bus-errors.ts);
 * - a handler that throws or rejects is reported, and harms nothing else.
 */
import {
  connect as natsConnect,
  createInbox,
  errors,
  type Msg,
  type NatsConnection,
  type Subscription as NatsSubscription,
} from '@nats-io/transport-node';
import {
  AskTimeout,
  BrokerUnreachable,
  BusClosed,
  FlushTimeout,
  NoResponder,
  NotPermitted,
  PayloadTooLarge,
} from './bus-errors.js';
import type { BusOptions, BusStatistics, Handler, Subscription } from './bus-contract.js';
import { after, Deadline, monotonicMs, sleep } from '../process/monotonic.js';
import { Outbox } from './outbox.js';

export * from './bus-errors.js';
export type * from './bus-contract.js';

const PING_INTERVAL_MS = 1500;
const MISSED_PINGS = 2;
const RECONNECT_WAIT_MS = 200;
const DEFAULT_BUFFER_BYTES = 64 * 1024 * 1024;
const DRAIN_MS = 2000;
/** How long a connection that missed its pings may take to end before its socket is destroyed. */
const STALE_MS = 500;
/** After a reconnect the others may still be on their way: for so long "nobody listens" is not yet true. */
const GATHER_MS = 2000;
const GATHER_PAUSE_MS = 50;

/** Made by `connect`. */
export class Bus {
  private isConnected = true;
  private isClosing = false;
  private readonly outbox: Outbox;
  private lastMaxPayload = 1024 * 1024;
  private readonly reconnectCallbacks = new Set<() => void>();
  private readonly stateWaiters = new Set<() => void>();
  private reconnects = 0;
  private gathered = 0;
  private askTimeouts = 0;
  private handlerErrors = 0;
  private readonly report: (error: unknown, subject: string) => void;

  /** @internal Use connect. */
  constructor(
    private readonly nats: NatsConnection,
    private readonly options: BusOptions,
  ) {
    this.outbox = new Outbox(
      options.bufferBytes ?? DEFAULT_BUFFER_BYTES,
      ({ subject, bytes, reply }) => this.nats.publish(subject, bytes, reply === undefined ? {} : { reply }),
      () => this.nats.flush(),
    );
    const tell =
      options.onError ??
      ((error, subject) =>
        process.stderr.write(
          `bus ${options.name}, ${subject}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
        ));
    this.report = (error, subject) => {
      try {
        tell(error, subject);
      } catch {
        // A reporter that fails must not take the bus with it.
      }
    };
    void this.followStatus();
  }

  get connected(): boolean {
    return this.isConnected;
  }

  get closed(): boolean {
    return this.isClosing || this.nats.isClosed();
  }

  /** Largest message the server takes, bytes. */
  get maxPayload(): number {
    // While cut off the client knows none: the last one counts.
    this.lastMaxPayload = this.nats.info?.max_payload ?? this.lastMaxPayload;
    return this.lastMaxPayload;
  }

  /** Bytes that wait here or are on their way: the server has not confirmed them. */
  pendingBytes(): number {
    return this.outbox.pendingBytes();
  }

  /**
   * Sends `bytes` (copied or sent before this returns to the event loop's next turn: do not change them
   * in the meantime). False: dropped, as more than `bufferBytes` would wait; the drop is counted.
   * Throws BusClosed, PayloadTooLarge.
   */
  publish(subject: string, bytes: Uint8Array, reply?: string): boolean {
    if (this.closed) throw new BusClosed(`publish ${subject}`);
    if (bytes.byteLength > this.maxPayload)
      throw new PayloadTooLarge(subject, bytes.byteLength, this.maxPayload);
    return this.outbox.offer({ subject, bytes, reply });
  }

  /** Answers a message that came with a reply subject. As `publish`. */
  respond(reply: string, bytes: Uint8Array): boolean {
    return this.publish(reply, bytes);
  }

  /**
   * Calls `handler` for each message; a subject may end in `>` or hold `*`. Messages of one subscription
   * come in order, but an async handler does not hold up the next message: use a Mailbox for that.
   * With `queue`, each message goes to one of the subscribers of that name. Survives reconnects.
   */
  subscribe(subject: string, handler: Handler, { queue }: { queue?: string } = {}): Subscription {
    if (this.closed) throw new BusClosed(`subscribe ${subject}`);
    const callback = (error: Error | null, message: Msg): void => {
      if (error !== null) {
        this.report(
          error instanceof errors.PermissionViolationError
            ? new NotPermitted(subject, 'subscribe to', error)
            : error,
          subject,
        );
        return;
      }
      try {
        const result = handler(message.data, {
          subject: message.subject,
          reply: message.reply === '' ? undefined : message.reply,
        });
        if (result instanceof Promise)
          result.catch((failure: unknown) => this.handlerFailed(failure, message.subject));
      } catch (failure) {
        this.handlerFailed(failure, message.subject);
      }
    };
    const subscription: NatsSubscription = this.nats.subscribe(
      subject,
      queue === undefined ? { callback } : { callback, queue },
    );
    return {
      subject,
      unsubscribe: () => {
        if (!subscription.isClosed()) subscription.unsubscribe();
      },
      drain: async () => {
        if (!subscription.isClosed() && !this.closed) await subscription.drain().catch(() => undefined);
      },
    };
  }

  /** A subject of its own, for answers to this bus. */
  inbox(): string {
    return createInbox(this.options.inboxPrefix);
  }

  /**
   * Asks and waits for one answer (a view: copy what you keep). While cut off it waits for the reconnect,
   * within the same deadline; nobody listening counts only 2 s after a reconnect, when all had time to
   * come back. Throws AskTimeout, NoResponder, BusClosed, PayloadTooLarge, NotPermitted.
   */
  async ask(subject: string, bytes: Uint8Array, deadlineMs: number): Promise<Uint8Array> {
    if (this.closed) throw new BusClosed(`ask ${subject}`);
    if (bytes.byteLength > this.maxPayload)
      throw new PayloadTooLarge(subject, bytes.byteLength, this.maxPayload);
    const deadline = new Deadline(deadlineMs);
    const question = this.isConnected ? bytes : Uint8Array.from(bytes);
    for (;;) {
      await this.untilConnected(deadline, `ask ${subject}`);
      try {
        if (deadline.over) throw new errors.TimeoutError();
        return (await this.nats.request(subject, question, { timeout: Math.max(1, deadline.left()) })).data;
      } catch (error) {
        const failure = this.askError(error, subject, deadlineMs);
        if (
          !(failure instanceof NoResponder) ||
          monotonicMs() > this.gathered ||
          deadline.left() < GATHER_PAUSE_MS
        )
          throw failure;
        await sleep(GATHER_PAUSE_MS);
      }
    }
  }

  /**
   * Resolves when the server has read all that was published before. When the connection breaks it waits
   * for the next one; what was on its way is then lost, as ever. Throws FlushTimeout, BusClosed.
   */
  async flush(deadlineMs = 10_000): Promise<void> {
    const deadline = new Deadline(deadlineMs);
    for (;;) {
      await this.untilConnected(deadline, 'flush');
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

  /** Resolves when at most `bytes` are pending: the way to wait instead of being dropped. Throws as flush. */
  async room(bytes: number, deadlineMs = 10_000): Promise<void> {
    const deadline = new Deadline(deadlineMs);
    while (this.pendingBytes() > bytes) {
      if (deadline.over) throw new FlushTimeout(this.pendingBytes(), deadlineMs);
      await this.flush(deadline.left() || 1);
    }
  }

  /** Calls back after each reconnect, subscriptions being there again. Returns how to stop that. */
  onReconnect(callback: () => void): () => void {
    this.reconnectCallbacks.add(callback);
    return () => this.reconnectCallbacks.delete(callback);
  }

  statistics(): BusStatistics {
    const { inMsgs, inBytes, outMsgs, outBytes } = this.nats.stats();
    return {
      connected: this.isConnected,
      reconnects: this.reconnects,
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

  /** Sends what waits (2 s at most), then closes. Asks under way fail with BusClosed. Calling it again does nothing. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.isClosing = true;
    this.wakeWaiters();
    if (this.isConnected) {
      await Promise.race([this.nats.drain().catch(() => undefined), sleep(DRAIN_MS)]);
    }
    await this.nats.close();
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
        // Broken: the state is about to change; do not spin until it has.
        () => setTimeout(() => done(false), 10),
      );
    });
  }

  private async untilConnected(deadline: Deadline, operation: string): Promise<void> {
    while (!this.isConnected || this.closed) {
      if (this.closed) throw new BusClosed(operation);
      if (deadline.over) return;
      await new Promise<void>((resolve) => {
        const timer = after(deadline.left(), done);
        const waiters = this.stateWaiters;
        function done(): void {
          timer.cancel();
          waiters.delete(done);
          resolve();
        }
        waiters.add(done);
      });
    }
  }

  private wakeWaiters(): void {
    for (const wake of [...this.stateWaiters]) wake();
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

  private async followStatus(): Promise<void> {
    for await (const status of this.nats.status()) {
      if (status.type === 'disconnect') {
        this.isConnected = false;
        this.outbox.cutOff();
      } else if (status.type === 'reconnect') {
        this.reconnects++;
        this.gathered = monotonicMs() + GATHER_MS;
        this.isConnected = true;
        this.outbox.reopen((error, message) => this.handlerFailed(error, message.subject));
        this.wakeWaiters();
        for (const callback of [...this.reconnectCallbacks]) {
          try {
            callback();
          } catch (error) {
            this.handlerFailed(error, 'reconnect');
          }
        }
      } else if (status.type === 'staleConnection') {
        const connection = this.reconnects;
        after(
          STALE_MS,
          () => {
            if (this.isConnected && connection === this.reconnects) destroySocket(this.nats);
          },
          { keepAlive: false },
        );
      } else if (status.type === 'error') {
        this.report(status.error, 'server');
      }
    }
    this.isConnected = false;
    this.isClosing = true;
    this.wakeWaiters();
  }
}

/**
 * DEVIATION: reaches into the client (3.4.0). Before it gives up a silent connection, the client waits
 * until the socket has taken one more write; behind a server that does not read, that is never.
 */
function destroySocket(nats: NatsConnection): void {
  const inside = nats as unknown as { protocol?: { transport?: { socket?: { destroy?: () => void } } } };
  inside.protocol?.transport?.socket?.destroy?.();
}

const natsOfBus = new WeakMap<Bus, NatsConnection>();

/** @internal The client's connection, for work-queue.ts only. */
export function natsOf(bus: Bus): NatsConnection {
  const nats = natsOfBus.get(bus);
  if (nats === undefined) throw new TypeError('this bus was not made by connect');
  return nats;
}

/**
 * Connects to a broker. Tries for `deadlineMs`, so that a broker that is just starting is met.
 * Throws BrokerUnreachable: nobody there, not a NATS server, or wrong credentials (at once).
 */
export async function connect(options: BusOptions): Promise<Bus> {
  const deadline = new Deadline(options.deadlineMs ?? 5000);
  const servers = options.url.split(',').map((server) => server.trim());
  for (;;) {
    try {
      const nats = await natsConnect({
        servers,
        name: options.name,
        ...(options.credentials === undefined
          ? {}
          : { user: options.credentials.user, pass: options.credentials.password }),
        ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
        timeout: Math.max(1, Math.min(deadline.left(), 2000)),
        reconnect: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_WAIT_MS,
        reconnectJitter: RECONNECT_WAIT_MS,
        pingInterval: PING_INTERVAL_MS,
        maxPingOut: MISSED_PINGS,
        // A server that comes back with another configuration may refuse us for a while: go on trying.
        ignoreAuthErrorAbort: true,
        noAsyncTraces: true,
      });
      const bus = new Bus(nats, options);
      natsOfBus.set(bus, nats);
      return bus;
    } catch (error) {
      const refused =
        error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError;
      const reason = error instanceof Error ? error.message : String(error);
      if (refused || error instanceof errors.InvalidArgumentError || deadline.left() < 100)
        throw new BrokerUnreachable(options.url, reason, error);
      await sleep(100);
    }
  }
}
