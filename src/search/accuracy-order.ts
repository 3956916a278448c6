/** The order by accuracy on D_val: highest first, of equal ones the lowest id; without an accuracy last. */
export interface Ranked {
  readonly id: string;
  readonly accuracy: number | null;
}

/** Comparator. Accuracies compare within one epoch only, for the weights are shared and move on. */
export function accuracyOrder(a: Ranked, b: Ranked): number {
  const [left, right] = [a.accuracy ?? -Infinity, b.accuracy ?? -Infinity];
  if (left !== right) return right - left;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
