/** The best individual of a run, and the order that it heads. */
import { accuracyOrder } from '../search/accuracy-order.js';
import type { HistoryLine } from './history.js';
import { lastEpoch } from './history.js';

export interface Scored {
  readonly id: string;
  readonly values: Readonly<Record<string, number>>;
}

const ranked = ({ id, values }: Scored): { id: string; accuracy: number | null } => ({
  id,
  accuracy: values['accuracy'] ?? null,
});

/** Comparator: as `accuracyOrder`. */
export function byAccuracy(a: Scored, b: Scored): number {
  return accuracyOrder(ranked(a), ranked(b));
}

/** The best of a whole history: of its last epoch. Null if no individual there has an accuracy. */
export function bestIndividual(history: readonly HistoryLine[]): HistoryLine | null {
  const [best] = lastEpoch(history)
    .filter(({ values }) => values['accuracy'] !== undefined)
    .sort(byAccuracy);
  return best ?? null;
}
