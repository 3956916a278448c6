/** What an owner of a broker gives to it and gets from it. Started by `startBroker` (broker.ts). */
import { EmarsError } from '../../errors/error.js';
import type { Handle } from '../bus/bus.js';
import type { BusLogin } from '../bus/login.js';

export interface BrokerOptions {
  /** Path of a nats-server executable. */
  readonly binary: string;
  /** Folder for its configuration and its JetStream store; made with mode 0700. One broker a folder. */
  readonly storeDir: string;
  /** Its log is appended here. */
  readonly logFile: string;
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** Default: 127.0.0.1. Any that others reach needs `tls`. */
  readonly host?: string | undefined;
  /** Files of the server's certificate and key, PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  /** Largest message, bytes; 1 MiB to 8 MiB. Default 1 MiB. */
  readonly maxPayload?: number | undefined;
  /** Most bytes of the store. Default 1 GiB. */
  readonly maxStoreBytes?: number | undefined;
  /** Who may connect, and what for. Default: one user with a new key, who may do everything. */
  readonly users?: readonly BrokerUser[] | undefined;
  /** Start with an empty store. Default: what is there is kept. */
  readonly fresh?: boolean | undefined;
}

/** A user of a broker; subjects may hold `*` and end in `>`. What is not allowed is denied. */
export interface BrokerUser {
  /** `U…` */
  readonly publicKey: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Of what `publish` allows. */
  readonly denied: readonly string[];
}

export function mayEverything(publicKey: string): BrokerUser {
  return { publicKey, publish: ['>'], subscribe: ['>'], denied: [] };
}

export interface BrokerRestart {
  readonly pid: number;
  /** The store was emptied: streams must be declared again. */
  readonly wiped: boolean;
}

/** The server could not be started. `reason`: what the system or the server's log says. */
export class BrokerStartError extends EmarsError {
  override readonly name = 'BrokerStartError';
  readonly kind = 'environment';
  constructor(
    readonly binary: string,
    readonly reason: string,
  ) {
    super(`nats-server (${binary}) does not start: ${reason}`);
  }
}

export interface Broker {
  /** nats://127.0.0.1:port; the same for the broker's whole life. */
  readonly url: string;
  /** Of the one user who may do everything; null where `users` were given. */
  readonly login: Extract<BusLogin, { kind: 'nkey' }> | null;
  /** The server's process now, or the last one while it is being started again. */
  pid(): number;
  /** The supervisor's process now. */
  supervisorPid(): number;
  /** Calls back each time the server answers again after a death, until the handle is closed. */
  onRestart(callback: (restart: BrokerRestart) => void): Handle;
  /**
   * Kills the server; it comes back, with `wipe` on an empty store. Resolves when it answers.
   *
   * Errors: BrokerStartError after 30 s.
   */
  restart(options?: { wipe?: boolean }): Promise<void>;
  /**
   * Other users from now on, without a restart: clients of those that are not among them, or may do other things now,
   * are cut off; these come back with their new rights.
   */
  reload(users: readonly BrokerUser[]): Promise<void>;
  /** Ends server and supervisor. Calling it again waits for the same end. */
  stop(): Promise<void>;
}
