/**
 * Sorting, normalising and associating in their plainest form, from the definitions and without any of the
 * shortcuts of `src/evolution/nsga3`: what those must equal bit for bit.
 */
import type { Points } from '#emars/evolution/objective-values.js';
import { planeIntercepts } from '#emars/evolution/nsga3/hyperplane.js';

const row = ({ data, dimensions }: Points, i: number): number[] =>
  Array.from(data.subarray(i * dimensions, (i + 1) * dimensions));

/** Fronts, by asking each point about each other one. */
export function straightFronts(points: Points): number[][] {
  const rows = Array.from({ length: points.count }, (_, i) => row(points, i));
  const beats = (a: number[], b: number[]): boolean =>
    a.every((value, j) => value <= b[j]!) && a.some((value, j) => value < b[j]!);
  const rank = new Array<number>(points.count).fill(0);
  const order = rows
    .map((_, i) => i)
    .sort((a, b) => sum(rows[a]!) - sum(rows[b]!) || lexicographic(rows[a]!, rows[b]!));
  for (const i of order)
    for (const k of order) {
      if (k === i) break;
      if (beats(rows[k]!, rows[i]!)) rank[i] = Math.max(rank[i]!, rank[k]! + 1);
    }
  const fronts = Array.from({ length: Math.max(...rank) + 1 }, (): number[] => []);
  rank.forEach((r, i) => fronts[r]!.push(i));
  return fronts;
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const lexicographic = (a: number[], b: number[]): number =>
  a.map((v, j) => v - b[j]!).find((d) => d !== 0) ?? 0;

/** Normalised rows, scale and extreme points, without memory; section IV-C with the deviations of `normalise.ts`. */
export function straightNormalised(
  points: Points,
  first: readonly number[],
  considered: readonly number[],
): { readonly rows: number[][]; readonly scale: number[]; readonly extremes: number[][] } {
  const all = Array.from({ length: points.count }, (_, i) => row(points, i));
  const axes = all[0]!.map((_, j) => j);
  const highest = (rows: readonly number[], j: number): number => Math.max(...rows.map((i) => all[i]![j]!));
  const ideal = axes.map((j) => Math.min(...all.map((values) => values[j]!)));
  const worst = axes.map((j) => Math.max(...all.map((values) => values[j]!)));
  const spread = axes.map((j) => {
    const ofFront = highest(first, j) - ideal[j]!;
    const ofAll = highest(considered, j) - ideal[j]!;
    return ofFront > 0 && ofFront > 1e-100 * ofAll ? ofFront : ofAll > 0 ? ofAll : 1;
  });
  const extremes = axes.map((axis) => {
    let chosen = first[0]!;
    let least = Infinity;
    for (const i of first) {
      const shares = all[i]!.map((value, j) => (value - ideal[j]!) / spread[j]!);
      const achievement = Math.max(0, ...shares.map((share, j) => (j === axis ? share : share / 1e-3)));
      if (achievement < least) {
        least = achievement;
        chosen = i;
      }
    }
    return all[chosen]!;
  });
  const shares = planeIntercepts(extremes.map((p) => p.map((value, j) => (value - ideal[j]!) / spread[j]!)));
  const usable = shares?.every((share) => Number.isFinite(share) && share > 1e-6) ?? false;
  const scale = axes.map((j) => {
    if (shares === null || !usable) return spread[j]!;
    const intercept = shares[j]! * spread[j]!;
    const seen = worst[j]! - ideal[j]!;
    return seen > 0 && intercept > seen ? seen : intercept;
  });
  const rows = all.map((values) => values.map((value, j) => (value - ideal[j]!) / scale[j]!));
  return { rows, scale, extremes };
}

/** The nearest line of a point and the squared distance to it, by the whole formula for every line. */
export function straightNearest(
  point: readonly number[],
  references: readonly (readonly number[])[],
): { readonly line: number; readonly distance: number } {
  let line = 0;
  let distance = Infinity;
  references.forEach((reference, h) => {
    const length = Math.sqrt(reference.reduce((total, w) => total + w * w, 0));
    const unit = reference.map((w) => w / length);
    let along = 0;
    point.forEach((value, j) => (along += value * unit[j]!));
    let squared = 0;
    point.forEach((value, j) => (squared += (value - along * unit[j]!) * (value - along * unit[j]!)));
    if (squared < distance) {
      distance = squared;
      line = h;
    }
  });
  return { line, distance };
}
