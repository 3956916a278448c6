/**
 * The few numbers a run is judged by, as pure functions: the report and the terminal say the same.
 *
 * Paper section VI: accuracy over all classes (micro-averaged) and sensitivity with COVID-19 (NCP) as
 * the positive class. Classes are seldom of equal size, so balanced accuracy and the majority
 * baseline stand beside every accuracy.
 */
import type { Measure } from '../run/front.js';
import type { HistoryLine } from '../run/history.js';

export interface ConfusionMetrics {
  /** Scans in the matrix. */
  readonly total: number;
  /** Scans on the diagonal. */
  readonly correct: number;
  /** Correct / total, 0…1. */
  readonly accuracy: number;
  /** Mean of the recalls of the classes that occur, 0…1. */
  readonly balancedAccuracy: number;
  /** Recall of the positive class, 0…1; null where there is no such class or no scan of it. */
  readonly sensitivity: number | null;
}

/**
 * Metrics of one confusion matrix `[true class][predicted class]`, counts.
 * `positive` is the index of the positive class, null if none. Null for a matrix without scans.
 */
export function confusionMetrics(
  matrix: readonly (readonly number[])[],
  positive: number | null,
): ConfusionMetrics | null {
  const recalls: number[] = [];
  let total = 0;
  let correct = 0;
  let sensitivity: number | null = null;
  matrix.forEach((row, trueClass) => {
    const scans = row.reduce((sum, count) => sum + count, 0);
    const hits = row[trueClass] ?? 0;
    total += scans;
    correct += hits;
    if (scans === 0) return;
    recalls.push(hits / scans);
    if (trueClass === positive) sensitivity = hits / scans;
  });
  if (total === 0) return null;
  return {
    total,
    correct,
    accuracy: correct / total,
    balancedAccuracy: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
    sensitivity,
  };
}

/** The values of a line in the order of the objectives; null if one is missing (a failed individual). */
export function objectiveValues(
  line: Pick<HistoryLine, 'values'>,
  objectives: readonly Measure[],
): number[] | null {
  const values: number[] = [];
  for (const { name } of objectives) {
    const value = line.values[name];
    if (value === undefined) return null;
    values.push(value);
  }
  return values;
}

export interface Share {
  readonly count: number;
  readonly total: number;
}

/** How many evaluations had too few accuracies for a potential, of those that say so. */
export function undefinedPotentials(lines: readonly HistoryLine[]): Share {
  const flagged = lines.filter((line) => line.potentialDefined !== null);
  return { count: flagged.filter((line) => line.potentialDefined === false).length, total: flagged.length };
}
