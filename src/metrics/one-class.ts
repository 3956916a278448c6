/**
 * Precision, sensitivity, specificity and F1 of one class against the rest (the paper's section VI, with
 * COVID-19 as the positive class).
 */
import type { Confusion } from './confusion.js';

/** Each in [0, 1]; null where the share is one of nothing. */
export interface OneClassScores {
  /** TP / (TP + FP); null where no scan was predicted positive. */
  readonly precision: number | null;
  /** TP / (TP + FN), also called recall; null where no scan is positive. */
  readonly sensitivity: number | null;
  /** TN / (TN + FP); null where no scan is negative. */
  readonly specificity: number | null;
  /** 2 TP / (2 TP + FP + FN), the harmonic mean of the first two; null where none is nor was called positive. */
  readonly f1: number | null;
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** Scans by what they are and what they were called, for one class against the rest. */
export interface OneClassCounts {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

/** Counts of class `positive`. Errors: RangeError where the matrix has no such class. */
export function oneClassCounts(confusion: Confusion, positive: number): OneClassCounts {
  if (confusion[positive] === undefined)
    throw new RangeError(`expected a positive class from 0 to ${confusion.length - 1}, got ${positive}`);
  let [truePositive, falsePositive, falseNegative, trueNegative] = [0, 0, 0, 0];
  confusion.forEach((row, label) =>
    row.forEach((count, predicted) => {
      if (label === positive) {
        if (predicted === positive) truePositive += count;
        else falseNegative += count;
      } else if (predicted === positive) falsePositive += count;
      else trueNegative += count;
    }),
  );
  return { truePositive, falsePositive, falseNegative, trueNegative };
}

/** Scores of class `positive`. Errors: RangeError where the matrix has no such class. */
export function oneClassScores(confusion: Confusion, positive: number): OneClassScores {
  const { truePositive, falsePositive, falseNegative, trueNegative } = oneClassCounts(confusion, positive);
  return {
    precision: share(truePositive, truePositive + falsePositive),
    sensitivity: share(truePositive, truePositive + falseNegative),
    specificity: share(trueNegative, trueNegative + falsePositive),
    f1: share(2 * truePositive, 2 * truePositive + falsePositive + falseNegative),
  };
}
