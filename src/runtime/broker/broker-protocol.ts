/**
 * What the owner of a broker and its supervisor process say to each other, over the IPC channel between
 * them: both sides import this file, and it is all they share.
 */

/** Owner to supervisor. */
export type SupervisorOrder =
  /** Once, first: run this server, and keep it running. */
  | {
      readonly type: 'start';
      readonly binary: string;
      readonly configFile: string;
      readonly logFile: string;
      readonly store: string;
      /** Where it is looked for. */
      readonly host: string;
      readonly port: number;
      readonly serverName: string;
    }
  /** Kill the server and start it again; with `wipe`, on an empty store. */
  | { readonly type: 'restart'; readonly wipe: boolean }
  /** Have the server read its configuration again. */
  | { readonly type: 'reload' }
  /** End the server, then yourself. */
  | { readonly type: 'stop' };

/** Supervisor to owner. */
export type SupervisorReport =
  /** A server process was started: not yet ready, but to be killed should the supervisor die. */
  | { readonly type: 'spawned'; readonly pid: number }
  /** The server answers. `starts` counts from 1; `wiped`: its store was emptied before this start. */
  | { readonly type: 'ready'; readonly pid: number; readonly starts: number; readonly wiped: boolean }
  /** It never answered, and the supervisor gives up: only before the first 'ready'. */
  | { readonly type: 'failed'; readonly reason: string; readonly portTaken: boolean };
