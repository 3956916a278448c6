/**
 * Normalisation: every objective from 0 (ideal) to about 1 (nadir), whatever its unit.
 *
 * Source: Deb & Jain 2014, section IV-C, Algorithm 2; for the degenerate cases, on which that paper
 * is silent, Blank, Deb & Roy 2019 (EMO, LNCS 11411). Every threshold is relative to the spread of
 * the objective itself, so that multiplying an objective by a constant changes nothing, and an
 * objective that lives between -0.002 and 0.002 counts as much as one in megabytes.
 *
 * DEVIATION: the achievement function sees values divided by their spread, not raw ones. With raw
 * values the axis with the small numbers gets the wrong extreme point.
 * DEVIATION: the small weight in it is 1e-3, not 1e-6. With 1e-6 a point that is a millionth nearer to
 * the axis wins, however far out it lies, and stays remembered; the nadir is then overestimated.
 * Measured in docs/decisions/0101: IGD on DTLZ1 and DTLZ2 is 1.5 times as large with 1e-6.
 * DEVIATION: an estimated nadir beyond the worst value ever seen is cut back to it (Blank et al.).
 * DEVIATION: extremes come from the first front, not from all of S_t. A dominated point never has
 * the smaller achievement value, so only ties differ, and there the dominated one must not win.
 */
import type { Points } from '../objective-values.js';
import { planeIntercepts } from './hyperplane.js';

/** What a stationary problem remembers between selections. Minimised objectives. */
export interface Memory {
  /** [M], the best value of each objective ever seen. */
  readonly ideal: readonly number[];
  /** [M], the worst value of each objective ever seen. */
  readonly worst: readonly number[];
  /** [M][M], row k: the point found nearest to axis k so far. */
  readonly extremes: readonly (readonly number[])[];
}

export interface Normalised {
  /** All points, measured from the ideal point in units of the nadir's distance. */
  readonly points: Points;
  readonly memory: Memory;
  /** [M], what each objective was divided by. */
  readonly scale: readonly number[];
  /** Which estimate of the nadir was used. */
  readonly nadir: 'hyperplane' | 'worst of first front';
}

/** Weight of the other axes in the achievement function, the paper's small number for a zero. */
const OFF_AXIS = 1e-3;
/** An intercept must be at least this share of the spread. */
const SMALLEST_INTERCEPT = 1e-6;
/** A first front narrower than this share of S_t would overflow what is divided by it. */
const NARROWEST = 1e-100;

/**
 * Normalises `points`. `firstFront` and `considered` (S_t, with the first front in it) are row
 * indices. Without `memory`, only these points count.
 */
export function normalise(
  points: Points,
  firstFront: readonly number[],
  considered: readonly number[],
  memory?: Memory,
): Normalised {
  const ideal = least(points, memory?.ideal);
  const worst = greatest(points, everyRow(points), memory?.worst);
  const spread = spreads(ideal, greatest(points, firstFront), greatest(points, considered));
  const extremes = extremePoints(points, firstFront, { ideal, spread }, memory?.extremes ?? []);
  const intercepts = validIntercepts(extremes, ideal, spread);
  const scale =
    intercepts === null
      ? spread
      : intercepts.map((intercept, j) => withinSeen(intercept, worst[j]! - ideal[j]!));
  const { count, dimensions } = points;
  const data = new Float64Array(points.data.length);
  for (let row = 0; row < count; row++)
    for (let j = 0; j < dimensions; j++)
      data[row * dimensions + j] = (points.data[row * dimensions + j]! - ideal[j]!) / scale[j]!;
  return {
    points: { ...points, data },
    memory: { ideal, worst, extremes },
    scale,
    nadir: intercepts === null ? 'worst of first front' : 'hyperplane',
  };
}

function everyRow(points: Points): number[] {
  return Array.from({ length: points.count }, (_, i) => i);
}

/** Column-wise minimum of all rows, and of an earlier one if there is any. */
function least({ count, data, dimensions }: Points, earlier?: readonly number[]): number[] {
  const result = earlier === undefined ? new Array<number>(dimensions).fill(Infinity) : [...earlier];
  for (let row = 0; row < count; row++)
    for (let j = 0; j < dimensions; j++) result[j] = Math.min(result[j]!, data[row * dimensions + j]!);
  return result;
}

/** Column-wise maximum over `rows`, and over an earlier one if there is any. */
function greatest(
  { data, dimensions }: Points,
  rows: readonly number[],
  earlier?: readonly number[],
): number[] {
  const result = earlier === undefined ? new Array<number>(dimensions).fill(-Infinity) : [...earlier];
  for (const row of rows)
    for (let j = 0; j < dimensions; j++) result[j] = Math.max(result[j]!, data[row * dimensions + j]!);
  return result;
}

/** The size of each objective: the first front's range, else that of S_t, else 1 (all values are equal). */
function spreads(
  ideal: readonly number[],
  worstOfFront: readonly number[],
  worstConsidered: readonly number[],
): number[] {
  return ideal.map((best, j) => {
    const ofFront = worstOfFront[j]! - best;
    const ofAll = worstConsidered[j]! - best;
    if (ofFront > 0 && ofFront > NARROWEST * ofAll) return ofFront;
    return ofAll > 0 ? ofAll : 1;
  });
}

/**
 * For each axis the point with the least achievement value max(f_axis, max of others / OFF_AXIS).
 * Earlier extremes come first and win ties, then the lowest index.
 */
function extremePoints(
  points: Points,
  firstFront: readonly number[],
  { ideal, spread }: { readonly ideal: readonly number[]; readonly spread: readonly number[] },
  earlier: readonly (readonly number[])[],
): number[][] {
  const { data, dimensions } = points;
  const candidates: Float64Array[] = [
    ...earlier.map((point) => Float64Array.from(point)),
    ...firstFront.map((row) => data.subarray(row * dimensions, (row + 1) * dimensions)),
  ];
  const chosen = new Int32Array(dimensions);
  const leastOf = new Float64Array(dimensions).fill(Infinity);
  const shares = new Float64Array(dimensions);
  candidates.forEach((point, candidate) => {
    // The greatest of the others is the greatest of all, except on that one's own axis.
    let first = 0;
    let second = 0;
    let axisOfFirst = -1;
    for (let j = 0; j < dimensions; j++) {
      const share = (point[j]! - ideal[j]!) / spread[j]!;
      const weighted = share / OFF_AXIS;
      shares[j] = share;
      if (weighted > first) {
        second = first;
        first = weighted;
        axisOfFirst = j;
      } else if (weighted > second) second = weighted;
    }
    for (let axis = 0; axis < dimensions; axis++) {
      const achievement = Math.max(shares[axis]!, axis === axisOfFirst ? second : first);
      if (achievement < leastOf[axis]!) {
        leastOf[axis] = achievement;
        chosen[axis] = candidate;
      }
    }
  });
  return Array.from(chosen, (candidate) => Array.from(candidates[candidate]!));
}

/** Intercepts from the ideal point in the objectives' units, or null if one of them makes no sense. */
function validIntercepts(
  extremes: readonly (readonly number[])[],
  ideal: readonly number[],
  spread: readonly number[],
): number[] | null {
  const shares = planeIntercepts(
    extremes.map((point) => point.map((value, j) => (value - ideal[j]!) / spread[j]!)),
  );
  if (shares === null || !shares.every((share) => Number.isFinite(share) && share > SMALLEST_INTERCEPT))
    return null;
  return shares.map((share, j) => share * spread[j]!);
}

/** The intercept, but not beyond the worst value seen. A scale must not become 0. */
function withinSeen(intercept: number, seen: number): number {
  return seen > 0 && intercept > seen ? seen : intercept;
}
