/**
 * DeLong's test: do two models that scored the same scans differ in AUC? (DeLong, DeLong & Clarke-Pearson
 * 1988, Biometrics 44.) Structural components by mid-ranks (Sun & Xu 2014, IEEE Signal Processing Letters
 * 21), O(n log n) instead of positives × negatives.
 *
 * The test takes scans as independent: where a patient has several, its p-value is too small, and an
 * interval by patient (`bootstrap.ts`) is what to report.
 */
import { normalUpperTail } from './normal.js';
import { midRanks } from './ranks.js';

export interface DeLongResult {
  /** AUC of each model. */
  readonly auc: readonly [number, number];
  /** Variance of each, and their covariance. */
  readonly variance: readonly [number, number];
  readonly covariance: number;
  /** (first - second) / standard error; null where the standard error is 0 and the AUCs are equal. */
  readonly z: number | null;
  /** Two-sided; 1 where z is null. */
  readonly p: number;
}

interface Components {
  readonly auc: number;
  /** V10: for each positive scan, the share of negatives it beats. */
  readonly positives: Float64Array;
  /** V01: for each negative scan, the share of positives that beat it. */
  readonly negatives: Float64Array;
}

function pick(scores: ArrayLike<number>, positive: ArrayLike<boolean>, side: boolean): Float64Array {
  const rows = Array.from({ length: scores.length }, (_, i) => i).filter((i) => positive[i] === side);
  return Float64Array.from(rows, (i) => scores[i]!);
}

function components(scores: ArrayLike<number>, positive: ArrayLike<boolean>): Components {
  const x = pick(scores, positive, true);
  const y = pick(scores, positive, false);
  const [m, n] = [x.length, y.length];
  const together = midRanks(Float64Array.from([...x, ...y]));
  const amongPositives = midRanks(x);
  const amongNegatives = midRanks(y);
  const positives = x.map((_, i) => (together[i]! - amongPositives[i]!) / n);
  const negatives = y.map((_, j) => 1 - (together[m + j]! - amongNegatives[j]!) / m);
  return { auc: mean(positives), positives, negatives };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function covariance(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  return a.reduce((sum, value, i) => sum + (value - meanA) * (b[i]! - meanB), 0) / (a.length - 1);
}

/**
 * Compares two score lists `[scans]` for the same `positive` `[scans]`.
 * Errors: RangeError for lists of other lengths, or fewer than 2 scans on a side.
 */
export function deLongTest(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  positive: ArrayLike<boolean>,
): DeLongResult {
  for (const scores of [first, second])
    if (scores.length !== positive.length)
      throw new RangeError(`expected ${positive.length} scores of each model, got ${scores.length}`);
  const models = [components(first, positive), components(second, positive)] as const;
  const [a, b] = models;
  if (a.positives.length < 2 || a.negatives.length < 2)
    throw new RangeError(
      `expected at least 2 positive and 2 negative scans, got ${a.positives.length} and ${a.negatives.length}`,
    );
  const between = (left: Components, right: Components): number =>
    covariance(left.positives, right.positives) / left.positives.length +
    covariance(left.negatives, right.negatives) / left.negatives.length;
  const variance = [between(a, a), between(b, b)] as const;
  const shared = between(a, b);
  const difference = a.auc - b.auc;
  const error = Math.sqrt(Math.max(0, variance[0] + variance[1] - 2 * shared));
  const z = error === 0 && difference === 0 ? null : difference / error;
  return {
    auc: [a.auc, b.auc],
    variance,
    covariance: shared,
    z,
    p: z === null ? 1 : 2 * normalUpperTail(Math.abs(z)),
  };
}
