/**
 * Sorting into fronts: front 0 is what nothing dominates, front r what only earlier fronts dominate.
 *
 * Source of the definition: Deb et al. 2002 (NSGA-II), section III-A. Method: efficient
 * non-dominated sort with sequential search (Zhang et al. 2015, IEEE TEVC 19(2), ENS-SS): in
 * lexicographic order a point can be dominated only by points before it, so each is placed once.
 */
import type { Points } from '../objective-values.js';

/** True if point a is nowhere worse than b and somewhere better. */
export function dominates(points: Points, a: number, b: number): boolean {
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
    // The latest members are the nearest in lexicographic order, hence the likeliest to dominate.
    const home = fronts.find((front) => {
      for (let k = front.length - 1; k >= 0; k--) if (dominates(points, front[k]!, candidate)) return false;
      return true;
    });
    if (home === undefined) fronts.push([candidate]);
    else home.push(candidate);
  }
  for (const front of fronts) front.sort((a, b) => a - b);
  return fronts;
}
