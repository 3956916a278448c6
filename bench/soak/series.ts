/** All that is watched, each as a series over the time of a soak, and what is said of each in the end. */
import type { Point, Trend, Verdict } from './trend.js';
import { trendOf, verdictOf, windowMedians } from './trend.js';

export type Unit = 'bytes' | 'number';

export interface Finding {
  /** A process with its id, or another part of the run. */
  readonly of: string;
  readonly what: string;
  readonly unit: Unit;
  readonly samples: number;
  readonly trend: Trend | null;
  readonly verdict: Verdict;
  /** Medians of windows: hours since the beginning, value. */
  readonly course: readonly (readonly [number, number])[];
}

interface Series {
  readonly of: string;
  readonly what: string;
  readonly unit: Unit;
  readonly points: Point[];
}

/** A level below these counts as this much: a queue that is empty else, a heap that is hardly there. */
const LEAST: Readonly<Record<Unit, number>> = { bytes: 2 ** 20, number: 1 };

export class SeriesBook {
  private readonly all = new Map<string, Series>();

  /** `at`: hours since the beginning. */
  note(of: string, what: string, unit: Unit, point: Point): void {
    const key = `${of}\0${what}`;
    let series = this.all.get(key);
    if (series === undefined) this.all.set(key, (series = { of, what, unit, points: [] }));
    series.points.push(point);
  }

  /** `from`: hours that are warm-up. `limit`: per cent an hour that nothing may grow by. */
  findings(from: number, limit: number): Finding[] {
    return [...this.all.values()].map(({ of, what, unit, points }) => {
      const later = points.filter(({ at }) => at >= from);
      const trend = trendOf(later, LEAST[unit]);
      const course = windowMedians(later).map(({ at, value }) => [round(at, 4), round(value, 1)] as const);
      return { of, what, unit, samples: later.length, trend, verdict: verdictOf(trend, limit), course };
    });
  }
}

/**
 * By how much a quantity grows from epoch to epoch, a point an epoch: that each is as long as the one before
 * is what is to hold of a journal, which grows with each.
 */
export class EpochGrowth {
  private last: { readonly epoch: number; readonly value: number } | null = null;

  /** The growth an epoch since the epoch before; null while no epoch has ended. */
  take(epoch: number, value: number): number | null {
    if (this.last !== null && epoch <= this.last.epoch) return null;
    const { last } = this;
    this.last = { epoch, value };
    return last === null ? null : (value - last.value) / (epoch - last.epoch);
  }
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
