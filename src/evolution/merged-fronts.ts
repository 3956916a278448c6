/**
 * Merged fronts: the selection as the EMARS paper reads NSGA-III.
 *
 * Source: arXiv 2101.10667 section IV-B, on the idea of pNSGA-III (CARS, Yang et al. 2020): sort
 * once per pair of objectives and merge the fronts of the same rank. There are no reference lines,
 * no normalisation and no niches in it.
 *
 * Exactly: every pair of objectives (i < j; a single objective is its own "pair") is sorted into
 * fronts by itself. The merged rank of an individual is the best rank it has in any pair. Merged
 * fronts survive whole while they fit; of the first that does not, a random subset survives.
 *
 * So an individual that is good at two objectives stays, however bad it is at the third: with accuracy, size
 * and potential the three pairs are the "three Pareto stages" of the authors.
 */
import type { Generator } from '../random/generator.js';
import { nonDominatedSort } from './nsga3/non-dominated-sort.js';
import type { Points } from './objective-values.js';
import { randomSubset } from './random-selection.js';

/** Merged fronts, best first, indices ascending. Merged ranks that no individual has leave no empty front. */
export function mergedFronts(points: Points): number[][] {
  const rank = new Array<number>(points.count).fill(Infinity);
  for (const columns of pairs(points.dimensions)) {
    nonDominatedSort(onColumns(points, columns)).forEach((front, r) => {
      for (const row of front) rank[row] = Math.min(rank[row]!, r);
    });
  }
  const fronts: number[][] = [];
  rank.forEach((r, row) => (fronts[r] ??= []).push(row));
  return fronts.filter((front) => front.length > 0);
}

/** `keep` survivors, ascending; chance decides within the front that does not fit. */
export function mergedFrontsSurvivors(
  fronts: readonly (readonly number[])[],
  keep: number,
  random: Generator,
): number[] {
  const selected: number[] = [];
  for (const front of fronts) {
    const room = keep - selected.length;
    if (room === 0) break;
    selected.push(...(front.length <= room ? front : randomSubset(front, room, random)));
  }
  return selected.sort((a, b) => a - b);
}

function pairs(dimensions: number): number[][] {
  if (dimensions === 1) return [[0]];
  const all: number[][] = [];
  for (let i = 0; i < dimensions; i++) for (let j = i + 1; j < dimensions; j++) all.push([i, j]);
  return all;
}

function onColumns(points: Points, columns: readonly number[]): Points {
  const data = new Float64Array(points.count * columns.length);
  for (let i = 0; i < points.count; i++)
    columns.forEach(
      (column, k) => (data[i * columns.length + k] = points.data[i * points.dimensions + column]!),
    );
  return { count: points.count, dimensions: columns.length, data };
}
