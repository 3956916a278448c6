/**
 * Area under the ROC curve: the chance that a positive scan has a higher score than a negative one, equal
 * scores counting a half (Hanley & McNeil 1982; the Mann-Whitney statistic, from mid-ranks).
 */
import type { Predictions } from './predictions.js';
import { scoresOf } from './predictions.js';
import { midRanks } from './ranks.js';

/** AUC in [0, 1] of `scores` `[scans]` for `positive` `[scans]`; null where one of the two sides is empty. */
export function auc(scores: ArrayLike<number>, positive: ArrayLike<boolean>): number | null {
  if (scores.length !== positive.length)
    throw new RangeError(`expected ${positive.length} scores, got ${scores.length}`);
  const ranks = midRanks(scores);
  let positives = 0;
  let rankSum = 0;
  for (let scan = 0; scan < ranks.length; scan++) {
    if (positive[scan] !== true) continue;
    positives++;
    rankSum += ranks[scan]!;
  }
  const negatives = ranks.length - positives;
  if (positives === 0 || negatives === 0) return null;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** AUC of one class against the rest, by its probability; null where the class, or the rest, has no scan. */
export function aucOfClass(predictions: Predictions, column: number): number | null {
  const positive = Array.from(predictions.labels, (label) => label === column);
  return auc(scoresOf(predictions, column), positive);
}

/**
 * Mean of the AUCs of each class against the rest, unweighted (one against rest, macro). With two classes
 * that is the AUC of either. Null where a class has no scan: a mean over other classes is another number.
 */
export function macroAuc(predictions: Predictions): number | null {
  let total = 0;
  for (let column = 0; column < predictions.classes; column++) {
    const area = aucOfClass(predictions, column);
    if (area === null) return null;
    total += area;
  }
  return total / predictions.classes;
}
