/**
 * The bus as its users see it: subjects, bytes, questions and answers; no word of NATS in it.
 *
 * A bus delivers at most once. A message may be lost when the connection breaks; a sender that needs more
 * asks again. Made by `connect` (connection.ts); tests have a twin in memory that passes the same checks.
 */
import type { BusLogin } from './login.js';

export interface BusOptions {
  /** nats://host:port, or several with commas between; tls:// where the server must prove who it is. */
  readonly url: string;
  /** Default: none. */
  readonly login?: BusLogin | null | undefined;
  /** Certificates (PEM) that the server's must be signed by. Default: the system's authorities. */
  readonly ca?: string | null | undefined;
  /** Shown by the server, for people. */
  readonly name: string;
  /** Prefix of the subjects that answers come to; per-role permissions follow it. Default `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
  /** How long to try at start. Default 5000. */
  readonly deadlineMs?: number | undefined;
  /** Whether this bus hears what it publishes itself on subjects that it listens to. Default true. */
  readonly echo?: boolean | undefined;
  /** Ends the trying at start. */
  readonly signal?: AbortSignal | undefined;
  /** Most bytes that may wait for the server. Default 64 MiB. */
  readonly bufferBytes?: number | undefined;
  /** Told what handlers throw and what the server refuses. Default: one line on standard error. */
  readonly onError?: ((error: unknown, subject: string) => void) | undefined;
}

export interface Bus {
  readonly connected: boolean;
  /** Closed by `close`, or for ever by the server. */
  readonly closed: boolean;
  /** Largest message the server takes, bytes. */
  readonly maxPayload: number;

  /** Bytes that wait here or are on their way: the server has not confirmed them. */
  pendingBytes(): number;

  /**
   * Sends `bytes` (copied or sent before this returns to the event loop's next turn: do not change them
   * in the meantime). False: dropped, as more than `bufferBytes` would wait; the drop is counted.
   *
   * Errors: BusClosed, PayloadTooLarge.
   */
  publish(subject: string, bytes: Uint8Array, reply?: string | null): boolean;

  /** Answers a message that came with a reply subject. As `publish`. */
  respond(reply: string, bytes: Uint8Array): boolean;

  /**
   * Calls `handler` for each message; a subject may end in `>` or hold `*`. Messages of one subscription
   * come in order, but an async handler does not hold up the next message: use a Mailbox for that.
   * With `queue`, each message goes to one of the subscribers of that name. Survives reconnects.
   *
   * Errors: BusClosed.
   */
  subscribe(subject: string, handler: Handler, options?: { readonly queue?: string }): Subscription;

  /** A subject of its own, for answers to this bus. */
  inbox(): string;

  /**
   * Asks and waits for one answer (a view: copy what you keep). While cut off it waits for the reconnect,
   * within the same deadline; a subject without a listener counts only 2 s after a reconnect, when all
   * had time to come back.
   *
   * Errors: AskTimeout, NoResponder, BusClosed, PayloadTooLarge, NotPermitted.
   */
  ask(subject: string, bytes: Uint8Array, deadlineMs: number): Promise<Uint8Array>;

  /**
   * Resolves when the server has read all that was published before. When the connection breaks it waits
   * for the next one; what was on its way is then lost. Default 10 s.
   *
   * Errors: FlushTimeout, BusClosed.
   */
  flush(deadlineMs?: number): Promise<void>;

  /** Calls back after each reconnect, subscriptions being there again, until the handle is closed. */
  onReconnect(callback: () => void): Handle;

  statistics(): BusStatistics;

  /**
   * Sends what waits (2 s at most), then closes. Questions under way fail with BusClosed. Calling it again
   * does nothing.
   */
  close(): Promise<void>;
}

export interface Envelope {
  readonly subject: string;
  /** Where the sender waits for an answer; null if it does not. */
  readonly reply: string | null;
}

/** `bytes` is a view into the buffer of the socket: copy what you keep. */
export type Handler = (bytes: Uint8Array, envelope: Envelope) => void | Promise<void>;

/** Something that goes on until its owner closes it. */
export interface Handle {
  /** No callback after this. Calling it again does nothing. */
  close(): void;
}

export interface Subscription extends Handle {
  readonly subject: string;
  /** Closes, and resolves when every message that the server had sent by then is handed over. */
  drain(): Promise<void>;
}

export interface BusStatistics {
  readonly connected: boolean;
  readonly reconnects: number;
  readonly inMessages: number;
  readonly inBytes: number;
  readonly outMessages: number;
  readonly outBytes: number;
  readonly pendingBytes: number;
  /** Messages not sent because bufferBytes was reached. */
  readonly droppedMessages: number;
  readonly droppedBytes: number;
  readonly askTimeouts: number;
  readonly handlerErrors: number;
}
