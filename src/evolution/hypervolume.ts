/**
 * Hypervolume: how much of the space between a reference point and the front is dominated by the
 * front. One number for a whole front; larger is better; comparable only for equal reference points.
 *
 * Source: WFG (While, Bradstreet & Barone 2012, IEEE TEVC 16(1)): the volume is the sum of the
 * exclusive volumes of the points, each its box less what the points after it cover of that box.
 * Exact up to rounding. Exponential in the worst case: meant for fronts of a search (tens of points)
 * and up to about five objectives.
 */
import { nonDominatedSort } from './nsga3/non-dominated-sort.js';
import type { Direction, Points } from './objective-values.js';
import { SelectionRequestError, toMinimise } from './objective-values.js';

/**
 * The hypervolume of `values` [n][M] above `reference` [M], in the product of the objectives' units.
 * Points that are not strictly better than the reference in every objective count 0; no points, 0.
 * Errors: SelectionRequestError, ObjectiveValueError (a bad reference is reported as row 0).
 */
export function hypervolume(
  values: readonly (readonly number[])[],
  directions: readonly Direction[],
  reference: readonly number[],
): number {
  if (reference.length !== directions.length)
    throw new SelectionRequestError(
      'reference',
      `expected ${directions.length} numbers, one for each direction, got ${reference.length}`,
    );
  const corner = toMinimise([reference], directions).data;
  if (values.length === 0) return 0;
  const points = toMinimise(values, directions);
  const boxes: Float64Array[] = [];
  for (let i = 0; i < points.count; i++) {
    const sides = points.data
      .subarray(i * points.dimensions, (i + 1) * points.dimensions)
      .map((value, j) => corner[j]! - value);
    if (sides.every((side) => side > 0)) boxes.push(sides);
  }
  return unionVolume(outermost(boxes));
}

/** Volume of the union of boxes that share one corner; a box is its side lengths. None contains another. */
function unionVolume(boxes: readonly Float64Array[]): number {
  if (boxes.length === 0) return 0;
  const dimensions = boxes[0]!.length;
  if (dimensions === 1) return boxes[0]![0]!;
  if (dimensions === 2) return staircase(boxes);
  // By the last side, ascending: later boxes then cut an earlier one in all but this side, so that
  // the cut boxes lie in one slab less and many contain each other.
  const ordered = [...boxes].sort((a, b) => a[dimensions - 1]! - b[dimensions - 1]!);
  let total = 0;
  ordered.forEach((box, k) => {
    const cuts = ordered.slice(k + 1).map((other) => box.map((side, j) => Math.min(side, other[j]!)));
    const depth = box[dimensions - 1]!;
    // All cuts are as deep as the box itself, so the problem has one dimension less.
    const face = box.subarray(0, dimensions - 1);
    let area = 1;
    for (const side of face) area *= side;
    total += depth * (area - unionVolume(outermost(cuts.map((cut) => cut.subarray(0, dimensions - 1)))));
  });
  return total;
}

/** The area under a staircase of rectangles, none containing another. */
function staircase(boxes: readonly Float64Array[]): number {
  const ordered = [...boxes].sort((a, b) => b[0]! - a[0]!);
  let total = 0;
  let height = 0;
  for (const box of ordered) {
    total += box[0]! * (box[1]! - height);
    height = box[1]!;
  }
  return total;
}

/** The boxes that lie in no other, each once. */
function outermost(boxes: readonly Float64Array[]): Float64Array[] {
  if (boxes.length === 0) return [];
  const dimensions = boxes[0]!.length;
  const points: Points = {
    count: boxes.length,
    dimensions,
    data: Float64Array.from(boxes.flatMap((box) => Array.from(box, (side) => -side))),
  };
  const seen = new Set<string>();
  return nonDominatedSort(points)[0]!
    .map((i) => boxes[i]!)
    .filter((box) => {
      const key = box.join();
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}
