/**
 * What a model says about scans whose class is known: the one input of every metric here.
 * Absent values (a share of nothing) are null, never 0.
 */

/** Predictions for some scans. Rows are scans, in any order; `classes` counts columns, ≥ 2. */
export interface Predictions {
  readonly classes: number;
  /** `[scans]`, the true class, 0 … classes - 1. */
  readonly labels: ArrayLike<number>;
  /** `[scans][classes]` row-major, each in [0, 1]; a row sums to 1. */
  readonly probabilities: ArrayLike<number>;
}

/** Rounding a probability to fp32 moves the sum of a row by no more than this. */
const ROW_TOLERANCE = 1e-4;

/** Checks that predictions are what they claim. Errors: RangeError that says what was expected and what came. */
export function checkPredictions({ classes, labels, probabilities }: Predictions): void {
  if (!Number.isInteger(classes) || classes < 2)
    throw new RangeError(`expected a whole number of classes from 2, got ${classes}`);
  if (labels.length === 0) throw new RangeError('expected at least one prediction, got none');
  if (probabilities.length !== labels.length * classes)
    throw new RangeError(
      `expected ${labels.length * classes} probabilities (${labels.length} scans, ${classes} classes), ` +
        `got ${probabilities.length}`,
    );
  for (let scan = 0; scan < labels.length; scan++) {
    const label = labels[scan]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new RangeError(`expected label ${scan} from 0 to ${classes - 1}, got ${label}`);
    let sum = 0;
    for (let column = 0; column < classes; column++) {
      const probability = probabilities[scan * classes + column]!;
      if (!(probability >= 0 && probability <= 1))
        throw new RangeError(`expected a probability from 0 to 1 in row ${scan}, got ${probability}`);
      sum += probability;
    }
    if (Math.abs(sum - 1) > ROW_TOLERANCE)
      throw new RangeError(`expected the probabilities of row ${scan} to sum to 1, got ${sum}`);
  }
}

/** Column of the largest probability of a row; the first of equals. */
export function predictedClass({ classes, probabilities }: Predictions, scan: number): number {
  let best = 0;
  for (let column = 1; column < classes; column++)
    if (probabilities[scan * classes + column]! > probabilities[scan * classes + best]!) best = column;
  return best;
}

/** Probabilities of one class, `[scans]`: the score that ranks scans for it. */
export function scoresOf({ classes, labels, probabilities }: Predictions, column: number): Float64Array {
  return Float64Array.from({ length: labels.length }, (_, scan) => probabilities[scan * classes + column]!);
}

/** Some of the scans, each as often as it is named, in that order; a copy. */
export function takeScans(all: Predictions, scans: ArrayLike<number>): Predictions {
  const { classes } = all;
  const labels = new Int32Array(scans.length);
  const probabilities = new Float64Array(scans.length * classes);
  for (let row = 0; row < scans.length; row++) {
    const scan = scans[row]!;
    labels[row] = all.labels[scan]!;
    for (let column = 0; column < classes; column++)
      probabilities[row * classes + column] = all.probabilities[scan * classes + column]!;
  }
  return { classes, labels, probabilities };
}
