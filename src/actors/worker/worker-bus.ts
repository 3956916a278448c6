/** What the bus threads of trainers and evaluators have in common: timing, and how they end. */
import { writeSync } from 'node:fs';
import type { Options } from '../../config/options.js';
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import { after } from '../../runtime/process/monotonic.js';
import type { Caller } from '../../runtime/process/thread.js';
import { ThreadDeadline } from '../../runtime/process/thread.js';
import type { Subjects } from '../../wire/subjects.js';
import { Listening } from '../setup/listening.js';
import type { Measurer } from './evaluation-taker.js';
import type { PresenceParts } from './presence.js';
import type { SnapshotAccess } from './snapshot-access.js';
import type { BusMain, WorkerEnd } from './worker-process.js';
import { textOf } from '../../errors/text.js';

export interface Farewell {
  refuse(reason: string): void;
  /** The thread cannot go on: the process ends and is started again. */
  fail(error: unknown): void;
  /** Nothing is heard of the run any more, or again. A worker that wants to leave waits for no silent run. */
  silence(isSilent: boolean): void;
  /** Leaves by `inOrder`, or at once where the run is silent. */
  leaveBy(inOrder: () => Promise<void>): Promise<void>;
  /** Resolves when the search is over for this worker, its handles closed. Errors: that of `fail`. */
  closing(handles: readonly Handle[]): Promise<WorkerEnd>;
}

/** How long the main thread of a process that cannot go on has to end it. It may hang: that may be the failure. */
const LAST_MS = 5000;

/** Waits for the search to say farewell on the bus. `main` is told of its silence. */
export function farewell(bus: Bus, subjects: Subjects, main: Caller<BusMain>): Farewell {
  let isSilent = false;
  let isLeaving = false;
  let settle!: { resolve: (end: WorkerEnd) => void; reject: (error: unknown) => void };
  const reached = new Promise<WorkerEnd>((resolve, reject) => (settle = { resolve, reject }));
  // It is asked for in time; until then a failure is no unhandled rejection.
  reached.catch(() => undefined);
  const listening = new Listening(bus);
  listening.on('Farewell', subjects.farewell, () => settle.resolve({ refused: null }));
  return {
    refuse: (reason) => settle.resolve({ refused: reason }),
    silence: (now) => {
      isSilent = now;
      if (isSilent && isLeaving) settle.resolve({ refused: null });
      main.call(WELCOME_MS, (api) => api.silence(now)).catch(() => undefined);
    },
    leaveBy: async (inOrder) => {
      isLeaving = true;
      if (!isSilent) await inOrder();
      settle.resolve({ refused: null });
    },
    fail: (error) => {
      settle.reject(error);
      after(LAST_MS, () => endByForce(error));
    },
    closing: (handles) => reached.finally(() => [...handles, listening].forEach((handle) => handle.close())),
  };
}

/** Ends the process from this thread, whatever the others are at; its last words are the reason. */
function endByForce(error: unknown): void {
  writeSync(2, `${textOf(error)}\n`);
  process.kill(process.pid, 'SIGKILL');
}

/** The supervisor of this process hears that the run has taken it in; nobody waits for that. */
export function tellWelcome(main: Caller<BusMain>, fence: number): void {
  main.call(WELCOME_MS, (api) => api.welcomed(fence)).catch(() => undefined);
}

const WELCOME_MS = 60_000;
/** The roll is called every second; less than some of them is no silence. */
const SILENCE_MS = 5000;

/** Evolution may be killed and begin again: a run is given twice the time that it gives a worker. */
export function presenceTiming({ runtime }: Options): PresenceParts['timing'] {
  return {
    heartbeatMs: 1000 * runtime.heartbeatSeconds,
    askMs: 1000 * runtime.askSeconds,
    silenceMs: Math.max(2000 * runtime.silenceSeconds, SILENCE_MS),
  };
}

/** A measurement goes over all scans of a side. In deadlines of work on weights. */
const MEASUREMENT = 6;
/** Longer than any deadline of a sandbox. */
const SANDBOXED_MS = 10 * 86_400_000;

/**
 * How long one measurement may take. Our own: longer than any host is slow, as a clock must not decide what a front
 * looks like. Modules of users have deadlines in their sandboxes.
 */
export function measurementMs({ runtime, objectives }: Options, objective: string): number {
  const isSandboxed = objectives.some(({ name, module }) => name === objective && module !== null);
  return isSandboxed ? SANDBOXED_MS : MEASUREMENT * 1000 * runtime.hangSeconds;
}

/**
 * Measures on the TensorFlow thread, once the snapshot is here. One that does not answer in time never will: the
 * process ends and is started again. So it does (`fail`) where the snapshot cannot be brought: that says nothing
 * of the individual, and the queue gives the request to another worker.
 */
export function measurerOn(
  main: Caller<Measurer>,
  options: Options,
  snapshots: SnapshotAccess,
  fail: (error: unknown) => void,
): Measurer {
  return {
    measure: async (key) => {
      try {
        await snapshots.ensure(key.snapshot);
      } catch (error) {
        fail(error);
        return new Promise<never>(() => undefined);
      }
      try {
        return await main.call(measurementMs(options, key.objective), (api) => api.measure(key));
      } catch (error) {
        if (error instanceof ThreadDeadline)
          endByForce(
            new Error(`${key.objective} did not end within its deadline of ${error.deadlineMs / 1000} s`),
          );
        throw error;
      }
    },
  };
}
