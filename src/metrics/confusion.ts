/**
 * Confusion matrix, and the shares over all classes that follow from it.
 */
import type { Predictions } from './predictions.js';
import { predictedClass } from './predictions.js';

/** Counts `[true class][predicted class]`. */
export type Confusion = readonly (readonly number[])[];

export function confusionOf(predictions: Predictions): Confusion {
  const { classes, labels } = predictions;
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let scan = 0; scan < labels.length; scan++) {
    const row = counts[labels[scan]!]!;
    const column = predictedClass(predictions, scan);
    row[column] = row[column]! + 1;
  }
  return counts;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Share of scans predicted right over all classes (the paper's micro average); null without a scan. */
export function accuracy(confusion: Confusion): number | null {
  const scans = sum(confusion.map(sum));
  return scans === 0 ? null : sum(confusion.map((row, label) => row[label]!)) / scans;
}

/**
 * Mean over the classes that occur of the share of their scans predicted right (macro-averaged recall);
 * null without a scan. Chance level is 1 / classes, whatever the classes' sizes.
 */
export function balancedAccuracy(confusion: Confusion): number | null {
  const recalls = confusion.flatMap((row, label) => {
    const scans = sum(row);
    return scans === 0 ? [] : [row[label]! / scans];
  });
  return recalls.length === 0 ? null : sum(recalls) / recalls.length;
}
