/**
 * Does a quantity grow? The slope of Theil (1950) and Sen (1968): the median of the slopes of all pairs, which a
 * garbage collection here and a busy moment there do not move, with Sen's interval from Kendall's statistic.
 */
export interface Point {
  /** Hours. */
  readonly at: number;
  readonly value: number;
}

/** By how much a quantity grows, in per cent of its level an hour. */
export interface Trend {
  /** The median, in the quantity's own unit. */
  readonly level: number;
  readonly slope: number;
  /** Of 99 %. */
  readonly low: number;
  readonly high: number;
}

/** `short`: the slope may as well be below the limit as above it; only more time tells. */
export type Verdict = 'steady' | 'grows' | 'short';

/** Neighbouring samples say much the same. Medians of windows do so less, and all pairs of them are few. */
const MOST_WINDOWS = 40;
const LEAST_WINDOWS = 8;
/** Of a normal distribution: 99 % lie within. */
const Z = 2.576;

/**
 * Null for too few points (below 8). `least`: a level below it counts as this, so that the first item of a queue that
 * is empty else is not growth without bound.
 */
export function trendOf(points: readonly Point[], least: number): Trend | null {
  const middles = windowMedians(points);
  if (middles.length < LEAST_WINDOWS) return null;
  const slopes = pairSlopes(middles);
  const level = median(middles.map(({ value }) => value));
  const percent = 100 / Math.max(level, least);
  const spread = Z * Math.sqrt(kendallVariance(middles.map(({ value }) => value)));
  const at = (rank: number): number => percent * slopes[Math.min(slopes.length - 1, Math.max(0, rank))]!;
  return {
    level,
    slope: percent * median(slopes),
    low: at(Math.floor((slopes.length - spread) / 2) - 1),
    high: at(Math.ceil((slopes.length + spread) / 2)),
  };
}

/** `limit`: per cent an hour. What grows has its best guess at the limit or above, and is no chance. */
export function verdictOf(trend: Trend | null, limit: number): Verdict {
  if (trend === null) return 'short';
  if (trend.slope >= limit && trend.low > 0) return 'grows';
  return trend.high < limit ? 'steady' : 'short';
}

/** At most 40 points, each the median of as many neighbours, in order of time. */
export function windowMedians(points: readonly Point[]): readonly Point[] {
  const size = Math.max(1, Math.ceil(points.length / MOST_WINDOWS));
  const middles: Point[] = [];
  for (let first = 0; first + size <= points.length; first += size) {
    const window = points.slice(first, first + size);
    middles.push({ at: median(window.map(({ at }) => at)), value: median(window.map(({ value }) => value)) });
  }
  return middles;
}

/** Of points at one moment there is none. Ascending. */
function pairSlopes(points: readonly Point[]): readonly number[] {
  const slopes: number[] = [];
  points.forEach((a, first) => {
    for (const b of points.slice(first + 1))
      if (b.at > a.at) slopes.push((b.value - a.value) / (b.at - a.at));
  });
  return slopes.sort((a, b) => a - b);
}

/** Of the number of rising pairs less that of falling ones, where nothing but chance moves the values. */
function kendallVariance(values: readonly number[]): number {
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const term = (n: number): number => n * (n - 1) * (2 * n + 5);
  let sum = term(values.length);
  for (const count of ties.values()) sum -= term(count);
  return sum / 18;
}

function median(sample: readonly number[]): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
