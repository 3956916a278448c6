/**
 * A worker that joins a running search by itself: one trainer or evaluator process, started again when it
 * dies, told to leave in order. The run's parent knows nothing of it; it is a worker as any other on the bus.
 */
import { existsSync, statSync } from 'node:fs';
import type { Options } from '../../config/options.js';
import { EmarsError } from '../../errors/error.js';
import { processEnd } from '../../errors/exit-codes.js';
import type { RunFolder } from '../../run/folder.js';
import type { Supervised } from '../../runtime/process/processes.js';
import { superviseChild } from '../../runtime/process/processes.js';
import { tensorEnvironment } from '../../tensor/environment.js';
import type { Role } from '../../wire/messages.js';
import { lastLine } from '../setup/last-line.js';
import type { SilenceEvent } from './run-silence.js';
import { RunSilence } from './run-silence.js';
import { isWorkerCount, silentStartMs, type WorkerNews } from './worker-news.js';

export interface WorkerSetup {
  /** Of the run, or of a workplace where the run is on another host. */
  readonly folder: RunFolder;
  readonly options: Options;
  readonly role: Role;
  readonly id: string;
  /** "cpu", "cuda:<n>". */
  readonly device: string;
  /** The addon that the run computes by; null: TensorFlow. */
  readonly kernels: string | null;
  readonly logFile: string;
  /** So long a silent run is waited for, ms; null: without end. */
  readonly waitMs: number | null;
}

export type WorkerEvent =
  | { readonly kind: 'started'; readonly pid: number; readonly starts: number }
  | Exclude<WorkerNews, { readonly kind: 'opened' | 'silent' | 'heard' }>
  | SilenceEvent
  | { readonly kind: 'died'; readonly reason: string };

/** This worker cannot work for the run. */
export class WorkerFailed extends EmarsError {
  override readonly name = 'WorkerFailed';
  constructor(
    reason: string,
    readonly kind: 'refused' | 'environment' | 'unavailable',
  ) {
    super(reason);
  }
}

const WATCH_MS = 1000;
const STOP_MS = 3000;
const HEALTHY_MS = 20_000;

export class WorkerSupervision {
  private process: Supervised | null = null;
  private isLeaving = false;
  private isWelcome = false;
  private readonly silence: RunSilence;
  private settle!: { resolve: (end: 'finished' | 'left') => void; reject: (error: unknown) => void };
  private readonly end: Promise<'finished' | 'left'>;

  constructor(
    private readonly setup: WorkerSetup,
    private readonly tell: (event: WorkerEvent) => void,
  ) {
    this.end = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.end.catch(() => undefined);
    this.silence = new RunSilence(setup.waitMs, tell);
  }

  /** Works until the search is over, or until `leave` is through. Errors: WorkerFailed. */
  async run(): Promise<'finished' | 'left'> {
    this.start();
    // A run that was resumed has another broker: the worker starts again, and finds it.
    let access = accessOf(this.setup.folder);
    const watch = setInterval(() => {
      // Said again: a process that is just starting does not hear.
      if (this.isLeaving) this.process?.send({ kind: 'leave' });
      const tooLong = this.silence.look();
      if (tooLong !== null) {
        this.isLeaving = true;
        this.settle.reject(new WorkerFailed(tooLong, 'unavailable'));
      }
      const now = accessOf(this.setup.folder);
      if (now === null || now === access) return;
      access = now;
      this.process?.kill('SIGKILL');
    }, WATCH_MS);
    try {
      return await this.end;
    } finally {
      clearInterval(watch);
      await this.process?.stop(STOP_MS);
    }
  }

  /** Leaves in order: what it holds is finished first. What the run has not taken in holds nothing. */
  leave(): void {
    this.isLeaving = true;
    if (!this.isWelcome) this.stop();
    else if (this.process?.send({ kind: 'leave' }) !== true) this.settle.resolve('left');
  }

  /** Leaves at once: what it holds is computed again by others. */
  stop(): void {
    this.isLeaving = true;
    this.settle.resolve('left');
  }

  private start(): void {
    const { folder, options, role, id, device, kernels, logFile } = this.setup;
    const cudaDevices = device.startsWith('cuda:') ? device.slice('cuda:'.length) : '';
    this.process = superviseChild(
      {
        role,
        id,
        entry: new URL(`../${role}/${role}.js`, import.meta.url),
        args: [folder.root, id, device, ...(kernels === null ? [] : [kernels])],
        env: tensorEnvironment({ threads: options.engine.threads, cudaDevices }),
        logFile,
        restart: {
          limit: options.runtime.restarts + 1,
          healthyMs: HEALTHY_MS,
          silentStartMs: silentStartMs(options),
        },
      },
      {
        onStart: (pid, starts) => {
          this.isWelcome = false;
          this.tell({ kind: 'started', pid, starts });
        },
        onMessage: (message) => {
          if (!isWorkerCount(message)) this.told(message as WorkerNews);
        },
        onExit: ({ code, signal }) => this.exited(code, signal),
        onEnd: () => this.settle.resolve(this.isLeaving ? 'left' : 'finished'),
        onGiveUp: ({ crashes }) =>
          this.settle.reject(
            new WorkerFailed(
              `${id} died ${crashes} times in a row, last with "${lastLine(logFile)}"; see ${logFile}`,
              'environment',
            ),
          ),
      },
    );
  }

  private told(news: WorkerNews): void {
    switch (news.kind) {
      case 'silent':
      case 'heard':
        this.silence.tell(news.kind === 'silent');
        return;
      case 'welcomed':
        this.isWelcome = true;
        // Another process, of a run that has been resumed: this one has said nothing of silence.
        this.silence.tell(false);
        this.tell(news);
        return;
      case 'fetched':
        this.tell(news);
        return;
      case 'opened':
        return;
    }
  }

  private exited(code: number | null, signal: NodeJS.Signals | null): void {
    const end = processEnd(code);
    if (end === 'finished') return;
    if (this.isLeaving) this.settle.resolve('left');
    else if (end === 'refused') this.settle.reject(new WorkerFailed(lastLine(this.setup.logFile), 'refused'));
    else this.tell({ kind: 'died', reason: signal ?? `exit code ${code ?? '?'}` });
  }
}

/** What tells one broker of the run from the next; null while the run is not at work. */
function accessOf({ bus }: RunFolder): string | null {
  if (!existsSync(bus)) return null;
  const { ino, mtimeMs } = statSync(bus);
  return `${ino} ${mtimeMs}`;
}
