/**
 * Reference directions: evenly spread points of the unit simplex, one search line each.
 *
 * Source: Das & Dennis 1998, as used by Deb & Jain 2014 (IEEE TEVC 18(4)), section IV-B and Table I;
 * two layers as in the same paper for 8 and more objectives, where one layer that has inner points
 * would have too many.
 */
import { SelectionRequestError } from '../objective-values.js';

/** Upper bound of lines in one set. Deb & Jain use at most 275; 12 divisions of 8 objectives are 50,388. */
export const MAX_LINES = 100_000;

/** H = C(objectives + partitions - 1, partitions). Infinity when it would exceed 2^53. */
export function dasDennisCount(objectives: number, partitions: number): number {
  let count = 1;
  // Each product is a binomial coefficient times its divisor, so the division is exact.
  for (let i = 1; i < objectives; i++) {
    count = (count * (partitions + i)) / i;
    if (count > Number.MAX_SAFE_INTEGER / (partitions + objectives)) return Infinity;
  }
  return count;
}

/**
 * All points of [0, 1]^objectives whose coordinates are multiples of 1/partitions and sum to 1, in
 * ascending lexicographic order: the first is (0, …, 0, 1), the last (1, 0, …, 0).
 * Errors: SelectionRequestError for less than one objective or partition, or above MAX_LINES.
 */
export function dasDennis(objectives: number, partitions: number): number[][] {
  if (!Number.isInteger(objectives) || objectives < 1)
    throw new SelectionRequestError('objectives', `expected an integer of at least 1, got ${objectives}`);
  if (!Number.isInteger(partitions) || partitions < 1)
    throw new SelectionRequestError('partitions', `expected an integer of at least 1, got ${partitions}`);
  const count = dasDennisCount(objectives, partitions);
  if (count > MAX_LINES)
    throw new SelectionRequestError(
      'partitions',
      `${partitions} partitions of ${objectives} objectives give ${count} reference lines, ` +
        `expected at most ${MAX_LINES}; use fewer partitions or pass references`,
    );
  const points: number[][] = [];
  const parts: number[] = [];
  const place = (left: number): void => {
    if (parts.length === objectives - 1) {
      points.push([...parts, left].map((part) => part / partitions));
      return;
    }
    for (let part = 0; part <= left; part++) {
      parts.push(part);
      place(left - part);
      parts.pop();
    }
  };
  place(partitions);
  return points;
}

/**
 * An outer layer on the whole simplex and an inner one of half its size about the same centre:
 * inner point = p / 2 + 1 / (2 M). For M = 8 with 3 and 2 partitions, 120 + 36 = 156 lines.
 */
export function twoLayers(objectives: number, outerPartitions: number, innerPartitions: number): number[][] {
  const centre = 0.5 / objectives;
  const inner = dasDennis(objectives, innerPartitions).map((point) =>
    point.map((coordinate) => 0.5 * coordinate + centre),
  );
  return [...dasDennis(objectives, outerPartitions), ...inner];
}

/** The smallest number of partitions with at least `lines` directions. One objective has one line only: 1. */
export function smallestPartitions(objectives: number, lines: number): number {
  if (objectives === 1) return 1;
  let partitions = 1;
  while (dasDennisCount(objectives, partitions) < lines) partitions++;
  return partitions;
}
