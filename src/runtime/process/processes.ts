/**
 * Supervision: a child process that is started again when it dies, until it dies too often too soon.
 *
 * Restarts wait 0.2, 1, 2, 4… s; a process that lived a healthy minute starts from 0.2 s again. After
 * `limit` quick crashes in a row it is given up, with the end of its log as the reason. Exit code 0 is a
 * wish: the child is done and stays away, unless its policy says that such an end is not its own to choose.
 * Children are in sessions of their own: a Ctrl-C reaches the supervisor alone, which then ends them in its
 * own order; orphan-guard.ts covers the supervisor's death.
 */
import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { failpointIdentity } from '../failpoint/failpoint.js';
import { after, monotonicMs, type Timer } from './monotonic.js';
import { SUPERVISOR_VARIABLE } from './orphan-guard.js';
import { peakMemory } from './process-table.js';

export interface RestartPolicy {
  /** Quick crashes in a row after which the child is given up; 1: never started again. */
  readonly limit: number;
  /** Waits before the restarts; the last one repeats. Default 200, 1000, 2000, 4000, 8000, 16000, 30000. */
  readonly backoffMs?: readonly number[] | undefined;
  /** A life of this length is no quick crash. Default 60 000. */
  readonly healthyMs?: number | undefined;
  /**
   * Wait before a child that has ended with exit code 0 is started again, its end counting as a crash: for
   * children that end when the work is over, which the supervisor hears by then. Default: never.
   */
  readonly againAfterEndMs?: number | undefined;
  /** A child that has said nothing over its channel so long after its start hangs, and is killed. Default: never. */
  readonly silentStartMs?: number | undefined;
}

export interface ChildOptions {
  /** What it is, for people: 'trainer'. */
  readonly role: string;
  /** Which one, for people: '2'. */
  readonly id: string;
  /** Main file, built JavaScript. */
  readonly entry: URL | string;
  readonly args?: readonly string[] | undefined;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Options for Node itself. Ours are not handed on. */
  readonly execArgv?: readonly string[] | undefined;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly restart: RestartPolicy;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Wait before the next start; null if there will be none. */
  readonly restartInMs: number | null;
}

export interface GiveUp {
  /** One text for people: who, how often, how it ended last, and the end of its log. */
  readonly message: string;
  readonly crashes: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines this child wrote, at most 4 KiB. */
  readonly lastLines: string;
}

export interface ChildEvents {
  /** `starts` counts from 1. */
  onStart?(pid: number, starts: number): void;
  onMessage?(message: unknown): void;
  onExit?(exit: ChildExit): void;
  /** It ended by its own wish (exit code 0), and for good. */
  onEnd?(): void;
  onGiveUp?(reason: GiveUp): void;
}

export type ChildState = 'running' | 'waiting' | 'ended' | 'given-up' | 'stopped';

const BACK_OFF_MS = [200, 1000, 2000, 4000, 8000, 16_000, 30_000];
const HEALTHY_MS = 60_000;
const LOG_END_BYTES = 4096;
const LOG_END_LINES = 20;

/** Starts the child at once. Events come later, never inside this call. */
export function superviseChild(options: ChildOptions, events: ChildEvents = {}): Supervised {
  return new Supervised(options, events);
}

export class Supervised {
  private child: ChildProcess | null = null;
  private current: ChildState = 'waiting';
  private starts = 0;
  private crashes = 0;
  private startedAt = 0;
  private logStart = 0;
  private restartTimer: Timer | null = null;
  private silenceTimer: Timer | null = null;
  private peak: number | null = null;

  /** @internal Use superviseChild. */
  constructor(
    readonly options: ChildOptions,
    private readonly events: ChildEvents,
  ) {
    if (!(options.restart.limit >= 1))
      throw new RangeError(`the restart limit must be at least 1, got ${options.restart.limit}`);
    this.start();
  }

  get state(): ChildState {
    return this.current;
  }

  /** The process now; null while there is none. */
  get pid(): number | null {
    return this.current === 'running' ? (this.child?.pid ?? null) : null;
  }

  /** The most memory (resident, bytes) of the process now, or as last seen; null if never seen. */
  peakMemory(): number | null {
    const seen = this.pid === null ? null : peakMemory(this.pid);
    this.peak = seen ?? this.peak;
    return this.peak;
  }

  /** Sends over the IPC channel; false if there is no child to hear it (it is lost then). */
  send(message: Serializable): boolean {
    if (this.current !== 'running' || this.child?.connected !== true) return false;
    return this.child.send(message, () => undefined);
  }

  /** Kills the process with `signal` (SIGKILL for tests of dying); it is started again as after any death. */
  kill(signal: NodeJS.Signals): void {
    if (this.current === 'running') this.child?.kill(signal);
  }

  /** SIGTERM, and SIGKILL after `graceMs`; resolves when the process is gone. No restart, no onGiveUp. */
  async stop(graceMs = 5000): Promise<void> {
    this.restartTimer?.cancel();
    this.silenceTimer?.cancel();
    const child = this.child;
    if (this.current === 'running' || this.current === 'waiting') this.current = 'stopped';
    if (child === null || child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      return;
    await new Promise<void>((resolve) => {
      const timer = after(graceMs, () => child.kill('SIGKILL'));
      child.once('exit', () => {
        timer.cancel();
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  private start(): void {
    const { role, id, entry, args, env, execArgv, logFile } = this.options;
    const log = openSync(logFile, 'a', 0o644);
    this.logStart = fstatSync(log).size;
    const child = fork(entry instanceof URL ? fileURLToPath(entry) : entry, [...(args ?? [])], {
      detached: true,
      execArgv: [...(execArgv ?? [])],
      env: {
        ...process.env,
        ...env,
        [SUPERVISOR_VARIABLE]: String(process.pid),
        ...failpointIdentity(role, id, this.starts + 1),
      },
      stdio: ['ignore', log, log, 'ipc'],
      serialization: 'advanced',
    });
    closeSync(log);
    this.child = child;
    this.current = 'running';
    this.starts++;
    this.startedAt = monotonicMs();
    const starts = this.starts;
    this.limitSilence(child);
    child.on('message', (message) => {
      this.silenceTimer?.cancel();
      this.events.onMessage?.(message);
    });
    child.once('spawn', () => {
      if (child.pid !== undefined) this.events.onStart?.(child.pid, starts);
    });
    let over = false;
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (over) return;
      over = true;
      this.exited(code, signal);
    };
    child.once('exit', ended);
    // Could not be started at all, or a message could not be sent.
    child.on('error', () => {
      if (child.pid === undefined) ended(null, null);
    });
  }

  private limitSilence(child: ChildProcess): void {
    const { silentStartMs } = this.options.restart;
    if (silentStartMs === undefined) return;
    this.silenceTimer = after(silentStartMs, () => {
      appendFileSync(
        this.options.logFile,
        `said nothing for ${silentStartMs / 1000} s after its start, and was killed\n`,
      );
      child.kill('SIGKILL');
    });
  }

  private exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.silenceTimer?.cancel();
    if (this.current === 'stopped') {
      this.events.onExit?.({ code, signal, restartInMs: null });
      return;
    }
    const { limit, healthyMs = HEALTHY_MS, backoffMs = BACK_OFF_MS, againAfterEndMs } = this.options.restart;
    if (code === 0 && againAfterEndMs === undefined) {
      this.current = 'ended';
      this.events.onExit?.({ code, signal, restartInMs: null });
      this.events.onEnd?.();
      return;
    }
    this.crashes = monotonicMs() - this.startedAt >= healthyMs ? 1 : this.crashes + 1;
    if (this.crashes >= limit) {
      this.current = 'given-up';
      this.events.onExit?.({ code, signal, restartInMs: null });
      this.events.onGiveUp?.(this.reason(code, signal));
      return;
    }
    this.current = 'waiting';
    const backoff = backoffMs[Math.min(this.crashes, backoffMs.length) - 1] ?? 0;
    const wait = code === 0 ? Math.max(backoff, againAfterEndMs ?? 0) : backoff;
    this.restartTimer = after(wait, () => this.start());
    this.events.onExit?.({ code, signal, restartInMs: wait });
  }

  private reason(code: number | null, signal: NodeJS.Signals | null): GiveUp {
    const { role, id, logFile } = this.options;
    const lastLines = logEnd(logFile, this.logStart);
    const how =
      signal !== null ? `by ${signal}` : code === null ? 'before it could start' : `with exit code ${code}`;
    const times = this.crashes === 1 ? 'ended' : `ended ${this.crashes} times in a row, last`;
    const said = lastLines === '' ? `it wrote nothing to ${logFile}` : `the end of ${logFile}:\n${lastLines}`;
    const message = `${role} ${id} ${times} ${how}; ${said}`;
    return { message, crashes: this.crashes, code, signal, lastLines };
  }
}

/** The last lines that were written to `path` after byte `from`. */
function logEnd(path: string, from: number): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(LOG_END_BYTES, Math.max(0, size - from)));
    readSync(file, bytes, 0, bytes.byteLength, size - bytes.byteLength);
    return bytes.toString('utf8').trimEnd().split('\n').slice(-LOG_END_LINES).join('\n');
  } finally {
    closeSync(file);
  }
}
