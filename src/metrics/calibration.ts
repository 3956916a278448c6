/**
 * Do probabilities mean what they say? Expected calibration error and Brier score.
 */
import type { Predictions } from './predictions.js';
import { predictedClass } from './predictions.js';

/** Equal-width bins, as in Guo et al. 2017. */
const CALIBRATION_BINS = 15;

/** One bin of the reliability diagram. */
export interface CalibrationBin {
  /** Confidences in (low, high] fall here. */
  readonly low: number;
  readonly high: number;
  readonly scans: number;
  /** Mean confidence, and share predicted right; null in an empty bin. */
  readonly confidence: number | null;
  readonly accuracy: number | null;
}

/** Scans by confidence (the largest probability of a row) in `bins` bins of equal width over (0, 1]. */
export function calibrationBins(predictions: Predictions, bins = CALIBRATION_BINS): CalibrationBin[] {
  const counts = Array.from({ length: bins }, () => ({ scans: 0, confidence: 0, right: 0 }));
  for (let scan = 0; scan < predictions.labels.length; scan++) {
    const predicted = predictedClass(predictions, scan);
    const confidence = predictions.probabilities[scan * predictions.classes + predicted]!;
    const bin = counts[Math.min(bins - 1, Math.max(0, Math.ceil(confidence * bins) - 1))]!;
    bin.scans++;
    bin.confidence += confidence;
    if (predicted === predictions.labels[scan]) bin.right++;
  }
  return counts.map(({ scans, confidence, right }, bin) => ({
    low: bin / bins,
    high: (bin + 1) / bins,
    scans,
    confidence: scans === 0 ? null : confidence / scans,
    accuracy: scans === 0 ? null : right / scans,
  }));
}

/**
 * Expected calibration error in [0, 1]: mean distance between confidence and accuracy of a bin, weighted
 * by its scans (Guo et al. 2017, Eq. 3; Naeini et al. 2015). Null without a scan.
 */
export function expectedCalibrationError(predictions: Predictions, bins = CALIBRATION_BINS): number | null {
  const scans = predictions.labels.length;
  if (scans === 0) return null;
  return calibrationBins(predictions, bins).reduce(
    (error, bin) =>
      bin.confidence === null || bin.accuracy === null
        ? error
        : error + (bin.scans / scans) * Math.abs(bin.accuracy - bin.confidence),
    0,
  );
}

/**
 * Brier score in [0, 2]: mean over scans of the squared distance between the probabilities and the
 * one-hot truth, summed over classes (Brier 1950). With two classes it is twice the score of one column.
 */
export function brierScore({ classes, labels, probabilities }: Predictions): number | null {
  if (labels.length === 0) return null;
  let total = 0;
  for (let scan = 0; scan < labels.length; scan++)
    for (let column = 0; column < classes; column++)
      total += (probabilities[scan * classes + column]! - (labels[scan] === column ? 1 : 0)) ** 2;
  return total / labels.length;
}
