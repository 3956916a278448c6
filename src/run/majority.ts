/** The majority baseline: what always answering with the largest class would score. */
import type { Split } from './split.js';

export interface Majority {
  readonly class: string;
  readonly count: number;
  readonly total: number;
  /** count / total, 0…1. */
  readonly share: number;
}

/** Largest of some classes, of equal ones the first; `counts[c]`: scans of class c. Null without scans. */
export function majorityOf(classes: readonly string[], counts: readonly number[]): Majority | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const count = Math.max(...counts);
  const name = classes[counts.indexOf(count)];
  return total === 0 || name === undefined ? null : { class: name, count, total, share: count / total };
}

/** Largest class of D_val. Null without validation scans. */
export function validationMajority({
  classes,
  validation,
}: Pick<Split, 'classes' | 'validation'>): Majority | null {
  const counts = classes.map((name) => validation.filter((scan) => scan.class === name).length);
  return majorityOf(classes, counts);
}
