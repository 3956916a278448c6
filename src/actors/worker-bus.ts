/** What the bus threads of trainers and evaluators have in common: timing, and how they end. */
import type { Options } from '../config/options.js';
import type { Bus } from '../runtime/connection.js';
import type { Subjects } from '../wire/subjects.js';
import type { WorkerRefused } from './presence.js';
import type { Farewelled } from './worker-process.js';

export interface Farewell {
  readonly reached: Promise<Farewelled>;
  refuse(error: WorkerRefused): void;
  /** The thread cannot go on: the process ends and is started again. */
  fail(error: unknown): void;
}

/** Waits for the search to say farewell on the bus. */
export function farewell(bus: Bus, subjects: Subjects): Farewell {
  let settle!: { resolve: (end: Farewelled) => void; reject: (error: unknown) => void };
  const reached = new Promise<Farewelled>((resolve, reject) => (settle = { resolve, reject }));
  bus.subscribe(subjects.farewell, () => settle.resolve({ refused: '' }));
  return { reached, refuse: (error) => settle.resolve({ refused: error.message }), fail: (error) => settle.reject(error) };
}

export function presenceTiming(options: Options): { heartbeatMs: number; askMs: number } {
  return { heartbeatMs: 1000 * options.runtime.heartbeatSeconds, askMs: 1000 * options.runtime.askSeconds };
}

/** How long one measurement of an objective may take. */
export function measureDeadlineMs(options: Options, objective: string): number {
  return 1000 * (options.objectives.find(({ name }) => name === objective)?.deadline ?? DEFAULT_DEADLINE_SECONDS);
}

const DEFAULT_DEADLINE_SECONDS = 600;
