/**
 * All figures of a model on some scans, in the order in which reports show them.
 */
import { aucOfClass, macroAuc } from './auc.js';
import type { BootstrapOptions, Interval } from './bootstrap.js';
import { bootstrapByPatient } from './bootstrap.js';
import { brierScore, expectedCalibrationError } from './calibration.js';
import type { Confusion } from './confusion.js';
import { accuracy, balancedAccuracy, confusionOf } from './confusion.js';
import { oneClassScores } from './one-class.js';
import type { Predictions } from './predictions.js';
import { checkPredictions, takeScans } from './predictions.js';

export const SCORE_NAMES = [
  'accuracy',
  'balancedAccuracy',
  'precision',
  'sensitivity',
  'specificity',
  'f1',
  'auc',
  'aucPositive',
  'ece',
  'brier',
] as const;

export type ScoreName = (typeof SCORE_NAMES)[number];

/** Figures by name; null where one is not defined. Precision to F1 and `aucPositive` are of the positive class. */
export type Scores = Readonly<Record<ScoreName, number | null>>;

export interface ScoreReport extends Scores {
  /** Scans, and patients they are of. */
  readonly n: number;
  readonly patients: number;
  readonly confusion: Confusion;
  /** By patient; null where the figure was defined in no draw. */
  readonly intervals: Readonly<Record<ScoreName, Interval | null>>;
}

/** Figures of checked predictions; `positive` is the class of precision, sensitivity, specificity, F1. */
export function scoresFor(predictions: Predictions, positive: number): Scores {
  const confusion = confusionOf(predictions);
  return {
    accuracy: accuracy(confusion),
    balancedAccuracy: balancedAccuracy(confusion),
    ...oneClassScores(confusion, positive),
    auc: macroAuc(predictions),
    aucPositive: aucOfClass(predictions, positive),
    ece: expectedCalibrationError(predictions),
    brier: brierScore(predictions),
  };
}

/** Figures with intervals by patient; `patients` `[scans]` names each scan's. Errors: RangeError. */
export function scoreReport(
  predictions: Predictions,
  patients: readonly string[],
  positive: number,
  bootstrap: BootstrapOptions,
): ScoreReport {
  checkPredictions(predictions);
  if (patients.length !== predictions.labels.length)
    throw new RangeError(`expected ${predictions.labels.length} patients, got ${patients.length}`);
  return {
    n: patients.length,
    patients: new Set(patients).size,
    ...scoresFor(predictions, positive),
    confusion: confusionOf(predictions),
    intervals: bootstrapByPatient(
      patients,
      (scans) => scoresFor(takeScans(predictions, scans), positive),
      bootstrap,
    ),
  };
}
