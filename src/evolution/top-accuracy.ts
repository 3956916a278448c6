/**
 * Top accuracy: the best by one objective, the others ignored. The commonest selection in
 * evolutionary NAS (Real et al. 2019, "Regularized evolution") and the paper's experiment A.
 */
import type { Points } from './objective-values.js';

/** The `keep` best rows of column `column`, ascending by index; among equals the lowest index stays. */
export function topSurvivors(points: Points, column: number, keep: number): number[] {
  const at = (row: number): number => points.data[row * points.dimensions + column]!;
  const order = Array.from({ length: points.count }, (_, i) => i).sort((a, b) => at(a) - at(b) || a - b);
  return order.slice(0, keep).sort((a, b) => a - b);
}
