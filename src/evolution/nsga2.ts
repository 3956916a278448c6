/**
 * NSGA-II survival: fronts, then crowding distance. No chance is involved.
 *
 * Source: Deb et al. 2002 (IEEE TEVC 6(2)), section III-B. The crowding distance of a member is the
 * sum over objectives of the gap between its two neighbours in that objective, in units of the
 * front's range; the best and the worst of an objective get infinity.
 */
import type { Points } from './objective-values.js';

/** `keep` survivors, ascending; the last front gives its least crowded, among equals the lowest index. */
export function nsga2Survivors(
  points: Points,
  fronts: readonly (readonly number[])[],
  keep: number,
): number[] {
  const selected: number[] = [];
  for (const front of fronts) {
    const room = keep - selected.length;
    if (room === 0) break;
    if (front.length <= room) selected.push(...front);
    else selected.push(...leastCrowded(points, front, room));
  }
  return selected.sort((a, b) => a - b);
}

function leastCrowded(points: Points, front: readonly number[], room: number): number[] {
  const crowding = crowdingDistances(points, front);
  const places = front.map((_, k) => k);
  // Two infinities differ by NaN, so they are compared, not subtracted.
  places.sort((a, b) => (crowding[a]! === crowding[b]! ? a - b : crowding[a]! > crowding[b]! ? -1 : 1));
  return places.slice(0, room).map((k) => front[k]!);
}

/** Crowding distance of each member of `front`, in its order. An objective that is equal for all counts 0. */
export function crowdingDistances(points: Points, front: readonly number[]): number[] {
  const { data, dimensions } = points;
  const crowding = new Array<number>(front.length).fill(0);
  for (let j = 0; j < dimensions; j++) {
    const value = (k: number): number => data[front[k]! * dimensions + j]!;
    const order = front.map((_, k) => k).sort((a, b) => value(a) - value(b) || a - b);
    const first = order[0]!;
    const final = order[order.length - 1]!;
    const range = value(final) - value(first);
    if (range === 0) continue;
    crowding[first] = Infinity;
    crowding[final] = Infinity;
    for (let k = 1; k < order.length - 1; k++)
      crowding[order[k]!]! += (value(order[k + 1]!) - value(order[k - 1]!)) / range;
  }
  return crowding;
}
