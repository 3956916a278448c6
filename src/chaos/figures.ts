/** What a chaos comes to: how many faults, whether any result differs, how quickly faults were seen and over. */
import type { FaultRow } from './plan.js';

/** Goals for a machine that does nothing else, trainers on CPUs. Seconds. */
const MOST_DETECTED = 5;
const MOST_RECOVERED = 15;

/** Seconds, by nearest rank; null where there was nothing to measure. */
export interface Delay {
  readonly p50: number | null;
  readonly p99: number | null;
  /** `p99` is to be at most this. */
  readonly goal: number;
  readonly isReached: boolean;
}

export interface Figures {
  readonly injected: number;
  readonly asked: number;
  readonly seed: number;
  readonly unequal: number;
  readonly detected: Delay;
  readonly recovered: Delay;
}

export function figuresOf(rows: readonly FaultRow[], asked: number, seed: number): Figures {
  const detected = rows.flatMap((row) => (row.detected === null ? [] : [row.detected]));
  const recovered = rows.map((row) => row.recovered);
  return {
    injected: rows.length,
    asked,
    seed,
    unequal: rows.filter(({ equal }) => !equal).length,
    detected: delayOf(detected, MOST_DETECTED),
    recovered: delayOf(recovered, MOST_RECOVERED),
  };
}

function delayOf(seconds: readonly number[], goal: number): Delay {
  const sorted = [...seconds].sort((a, b) => a - b);
  const at = (share: number): number | null =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
  const p99 = at(0.99);
  return { p50: at(0.5), p99, goal, isReached: p99 === null || p99 <= goal };
}
