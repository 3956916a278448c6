/**
 * Sorting into fronts: front 0 is what nothing dominates, front r what only earlier fronts dominate.
 *
 * Source of the definition: Deb et al. 2002 (NSGA-II), section III-A. Method: efficient
 * non-dominated sort with binary search (Zhang et al. 2015, IEEE TEVC 19(2), ENS-BS): in
 * lexicographic order a point can be dominated only by points before it, so each is placed once.
 */
import type { Points } from '../objective-values.js';

/** True if point a is nowhere worse than b and somewhere better. */
function dominates(points: Points, a: number, b: number): boolean {
  const { data, dimensions } = points;
  let better = false;
  for (let j = 0; j < dimensions; j++) {
    const difference = data[a * dimensions + j]! - data[b * dimensions + j]!;
    if (difference > 0) return false;
    if (difference < 0) better = true;
  }
  return better;
}

/** All fronts, best first; within a front, indices ascend. Equal points share a front. */
export function nonDominatedSort(points: Points): number[][] {
  const { data, dimensions } = points;
  const order = Array.from({ length: points.count }, (_, i) => i);
  order.sort((a, b) => {
    for (let j = 0; j < dimensions; j++) {
      const difference = data[a * dimensions + j]! - data[b * dimensions + j]!;
      if (difference !== 0) return difference;
    }
    return a - b;
  });
  const fronts: number[][] = [];
  for (const candidate of order) {
    // Who is not dominated from front r is not dominated from a later one, so r can be bisected.
    let least = 0;
    let most = fronts.length;
    while (least < most) {
      const middle = (least + most) >>> 1;
      if (isDominated(points, fronts[middle]!, candidate)) least = middle + 1;
      else most = middle;
    }
    (fronts[least] ??= []).push(candidate);
  }
  for (const front of fronts) front.sort((a, b) => a - b);
  return fronts;
}

/** True if a member of `front` dominates the candidate, which comes after them all in lexicographic order. */
function isDominated(points: Points, front: readonly number[], candidate: number): boolean {
  // In two objectives the second falls along a front, so that the last member has the best.
  const first = points.dimensions <= 2 ? front.length - 1 : 0;
  // Backwards: the nearest in order are the likeliest to dominate.
  for (let k = front.length - 1; k >= first; k--) if (dominates(points, front[k]!, candidate)) return true;
  return false;
}
