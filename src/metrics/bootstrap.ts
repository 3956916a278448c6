/**
 * Percentile bootstrap by patient (Efron & Tibshirani 1993, chapter 13; clusters resampled whole, Field &
 * Welsh 2007): patients are drawn with replacement, each with all scans, and the metrics measured again.
 * Scans of one patient resemble each other, so drawing scans would promise more than the data hold.
 */
import { generator } from '../random/generator.js';

export interface BootstrapOptions {
  readonly seed: number;
  /** Draws, ≥ 1. */
  readonly resamples: number;
  /** Share of the draws inside the interval, in (0, 1). */
  readonly level: number;
}

export const BOOTSTRAP_DEFAULTS: Omit<BootstrapOptions, 'seed'> = { resamples: 2000, level: 0.95 };

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Draws in which the metric was defined: `resamples` less those with, say, no positive scan. */
  readonly defined: number;
}

/** Metrics by name; null where one is not defined. */
export type Measured<Name extends string> = Readonly<Record<Name, number | null>>;

/** Percentile by linear interpolation between order statistics (Hyndman & Fan 1996, type 7). */
function percentile(sorted: Float64Array, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below]!;
  return low + (sorted[Math.min(below + 1, sorted.length - 1)]! - low) * (position - below);
}

/**
 * Intervals of all metrics from the same draws; null for a metric that no draw defined.
 * `patients` `[scans]` names each scan's patient; `measure` gets indices of scans, with repetition.
 * The draws follow from the seed and the order in which patients first appear. Errors: RangeError.
 */
export function bootstrapByPatient<Name extends string>(
  patients: readonly string[],
  measure: (scans: Int32Array) => Measured<Name>,
  { seed, resamples, level }: BootstrapOptions,
): Readonly<Record<Name, Interval | null>> {
  if (patients.length === 0) throw new RangeError('expected at least one scan to bootstrap, got none');
  if (!Number.isInteger(resamples) || resamples < 1)
    throw new RangeError(`expected a whole number of draws from 1, got ${resamples}`);
  if (!(level > 0 && level < 1)) throw new RangeError(`expected a level between 0 and 1, got ${level}`);
  const byPatient = new Map<string, number[]>();
  patients.forEach((patient, scan) => {
    const scans = byPatient.get(patient);
    if (scans === undefined) byPatient.set(patient, [scan]);
    else scans.push(scan);
  });
  const groups = [...byPatient.values()];
  const values = new Map<Name, number[]>();
  for (let draw = 0; draw < resamples; draw++) {
    const random = generator(seed, 'bootstrap', draw);
    const drawn = Int32Array.from(groups.flatMap(() => groups[random.integer(groups.length)]!));
    for (const [name, value] of Object.entries(measure(drawn)) as [Name, number | null][]) {
      const list = values.get(name) ?? [];
      if (value !== null) list.push(value);
      values.set(name, list);
    }
  }
  return Object.fromEntries([...values].map(([name, list]) => [name, intervalOf(list, level)])) as Record<
    Name,
    Interval | null
  >;
}

function intervalOf(values: readonly number[], level: number): Interval | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const tail = (1 - level) / 2;
  return { low: percentile(sorted, tail), high: percentile(sorted, 1 - tail), defined: values.length };
}
