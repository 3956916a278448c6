/**
 * Sorting into fronts: front 0 is what nothing dominates, front r what only earlier fronts dominate.
 *
 * Source of the definition: Deb et al. 2002 (NSGA-II), section III-A. Method: efficient
 * non-dominated sort with binary search (Zhang et al. 2015, IEEE TEVC 19(2), ENS-BS): in
 * lexicographic order a point can be dominated only by points before it, so each is placed once. Up to three
 * objectives a front answers from its staircase, in O(log n), and the whole takes O(n log² n)
 * comparisons; with more it is searched member by member.
 */
import type { Points } from '../objective-values.js';
import { lexicographicOrder } from './lexicographic.js';
import { signaturesOf } from './signature.js';
import { Staircase } from './staircase.js';

/** What is placed so far; a point is given by its place in the lexicographic order. */
interface Fronts {
  /** True if a member of the front dominates the point, which comes after them all and equals none of them. */
  dominates(front: number, place: number): boolean;
  /** Adds the point to a front, at most one beyond the last. */
  add(front: number, place: number): void;
}

/** All fronts, best first; within a front, indices ascend. Equal points share a front. */
export function nonDominatedSort(points: Points): number[][] {
  const { count, dimensions } = points;
  const order = lexicographicOrder(points);
  const sorted = inOrder(points, order);
  const fronts = dimensions <= 3 ? staircases(sorted, dimensions) : members(sorted, dimensions);
  const frontOf = new Uint32Array(count);
  let known = 0;
  for (let place = 0; place < count; place++) {
    let least = 0;
    if (place > 0 && isRepeated(sorted, dimensions, place)) least = frontOf[order[place - 1]!]!;
    else {
      // Who is not dominated from front r is not dominated from a later one, so r can be bisected.
      let most = known;
      while (least < most) {
        const middle = (least + most) >>> 1;
        if (fronts.dominates(middle, place)) least = middle + 1;
        else most = middle;
      }
      fronts.add(least, place);
      known = Math.max(known, least + 1);
    }
    frontOf[order[place]!] = least;
  }
  const result = Array.from({ length: known }, (): number[] => []);
  for (let row = 0; row < count; row++) result[frontOf[row]!]!.push(row);
  return result;
}

/** The values [n][M], rows in the given order: what is compared one after the other lies side by side. */
function inOrder({ count, data, dimensions }: Points, order: Uint32Array): Float64Array {
  const sorted = new Float64Array(data.length);
  for (let place = 0; place < count; place++) {
    const row = order[place]! * dimensions;
    for (let j = 0; j < dimensions; j++) sorted[place * dimensions + j] = data[row + j]!;
  }
  return sorted;
}

/** True if the point at `place` equals the one before it. */
function isRepeated(sorted: Float64Array, dimensions: number, place: number): boolean {
  const start = place * dimensions;
  for (let at = start; at < start + dimensions; at++)
    if (sorted[at] !== sorted[at - dimensions]) return false;
  return true;
}

/** Fronts of one to three objectives. */
function staircases(sorted: Float64Array, dimensions: number): Fronts {
  const fronts: Staircase[] = [];
  const y = (place: number): number => (dimensions > 1 ? sorted[place * dimensions + 1]! : 0);
  const z = (place: number): number => (dimensions > 2 ? sorted[place * dimensions + 2]! : 0);
  return {
    dominates: (front, place) => fronts[front]!.covers(y(place), z(place)),
    add: (front, place) => (fronts[front] ??= new Staircase()).add(y(place), z(place)),
  };
}

/** Fronts of any number of objectives, as lists of places. */
function members(sorted: Float64Array, dimensions: number): Fronts {
  const { signatures, guards } = signaturesOf(sorted, dimensions);
  const fronts: number[][] = [];
  return {
    dominates: (front, place) => {
      const places = fronts[front]!;
      const end = (place + 1) * dimensions;
      const own = signatures[place]! | guards;
      // Backwards: the nearest in order are the likeliest to dominate.
      for (let k = places.length - 1; k >= 0; k--) {
        const candidate = places[k]!;
        if (((own - signatures[candidate]!) & guards) !== guards) continue;
        // The first objective of an earlier point is never greater.
        let at = place * dimensions + 1;
        let other = candidate * dimensions + 1;
        while (at < end && sorted[other]! <= sorted[at]!) {
          at++;
          other++;
        }
        if (at === end) return true;
      }
      return false;
    },
    add: (front, place) => void (fronts[front] ??= []).push(place),
  };
}
