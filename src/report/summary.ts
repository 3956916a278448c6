/**
 * The few numbers a run is judged by, as pure functions: the report and the terminal say the same.
 *
 * Paper section VI: accuracy over all classes (micro-averaged) and sensitivity with COVID-19 (NCP) as
 * the positive class. Classes are seldom of equal size, so balanced accuracy and the majority
 * baseline stand beside every accuracy.
 */
import type { HistoryLine, Objective, Split } from './run-files.js';

/** Scans of each class, classes in the order of the split; the largest one is what a guess would say. */
export interface MajorityBaseline {
  readonly class: string;
  readonly count: number;
  readonly total: number;
  /** count / total, 0…1: the accuracy of always answering with the largest class. */
  readonly share: number;
}

/** Largest class of D_val; of equal ones the first in the split's order. Null without validation scans. */
export function majorityBaseline(split: Pick<Split, 'classes' | 'validation'>): MajorityBaseline | null {
  const total = split.validation.length;
  let best: MajorityBaseline | null = null;
  for (const name of split.classes) {
    const count = split.validation.filter((scan) => scan.class === name).length;
    if (total > 0 && (best === null || count > best.count))
      best = { class: name, count, total, share: count / total };
  }
  return best;
}

export interface ConfusionMetrics {
  /** Scans in the matrix. */
  readonly total: number;
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
    accuracy: correct / total,
    balancedAccuracy: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
    sensitivity,
  };
}

/** The epochs of a history in order, each with its lines in order of id. */
export function byEpoch(history: readonly HistoryLine[]): { epoch: number; lines: HistoryLine[] }[] {
  const epochs: { epoch: number; lines: HistoryLine[] }[] = [];
  for (const line of history) {
    const last = epochs.at(-1);
    if (last?.epoch === line.epoch) last.lines.push(line);
    else epochs.push({ epoch: line.epoch, lines: [line] });
  }
  return epochs;
}

/** Lines of the last evaluated epoch, the only ones measured on the run's last weights. */
export function lastEpoch(history: readonly HistoryLine[]): HistoryLine[] {
  return byEpoch(history).at(-1)?.lines ?? [];
}

/**
 * The run's best individual: highest accuracy on D_val in the last epoch, ties by lowest id.
 * Null if none of the lines has an accuracy.
 */
export function bestIndividual(history: readonly HistoryLine[]): HistoryLine | null {
  let best: HistoryLine | null = null;
  let highest = -Infinity;
  for (const line of lastEpoch(history)) {
    const accuracy = line.values['accuracy'];
    if (accuracy === undefined) continue;
    if (best === null || accuracy > highest || (accuracy === highest && line.id < best.id)) {
      best = line;
      highest = accuracy;
    }
  }
  return best;
}

/** The values of a line in the order of the objectives; null if one is missing (a failed individual). */
export function objectiveValues(
  line: Pick<HistoryLine, 'values'>,
  objectives: readonly Objective[],
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
  const flagged = lines.filter((line) => line.potentialDefined != null);
  return { count: flagged.filter((line) => line.potentialDefined === false).length, total: flagged.length };
}
