/**
 * The best individual, and the order that it heads: highest accuracy on D_val, of equal ones the
 * lowest id. Accuracies compare within one epoch only, for the weights are shared and move on.
 */
import type { HistoryLine } from './history.js';
import { lastEpoch } from './history.js';

export interface Scored {
  readonly id: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Comparator: best first; individuals without an accuracy last. */
export function byAccuracy(a: Scored, b: Scored): number {
  const [left, right] = [a.values['accuracy'] ?? -Infinity, b.values['accuracy'] ?? -Infinity];
  if (left !== right) return right - left;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The best of a whole history: of its last epoch. Null if no individual there has an accuracy. */
export function bestIndividual(history: readonly HistoryLine[]): HistoryLine | null {
  const [best] = lastEpoch(history)
    .filter(({ values }) => values['accuracy'] !== undefined)
    .sort(byAccuracy);
  return best ?? null;
}
