/** What a user of the bus gives to it and gets from it; no word of NATS in it. The bus itself: connection.ts. */

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface BusOptions {
  /** nats://host:port, or several with commas between. */
  readonly url: string;
  readonly credentials?: Credentials | undefined;
  /** Shown by the server, for people. */
  readonly name: string;
  /** Prefix of the subjects that answers come to; per-role permissions follow it. Default `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
  /** How long to try at start. Default 5000. */
  readonly deadlineMs?: number | undefined;
  /** Most bytes that may wait for the server. Default 64 MiB. */
  readonly bufferBytes?: number | undefined;
  /** Told what handlers throw and what the server refuses. Default: one line on standard error. */
  readonly onError?: ((error: unknown, subject: string) => void) | undefined;
}

export interface Envelope {
  readonly subject: string;
  /** Where the sender waits for an answer; undefined if it does not. */
  readonly reply: string | undefined;
}

/** `bytes` is a view into the buffer of the socket: copy what you keep. */
export type Handler = (bytes: Uint8Array, envelope: Envelope) => void | Promise<void>;

export interface Subscription {
  readonly subject: string;
  /** No message is handled after this. */
  unsubscribe(): void;
  /** Unsubscribes and resolves when every message that the server had sent by then is handed over. */
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
