/**
 * Temperature scaling (Guo et al. 2017, section 4.2): one number T so that softmax(logits / T) has the
 * smallest mean negative log-likelihood on validation scans. It changes no predicted class and no AUC of
 * two classes, only how sure the model claims to be.
 *
 * The likelihood is convex in s = 1 / T, so its slope has one sign change and bisection finds it:
 * slope(s) = mean over scans of (expected logit under softmax(s · logits) - logit of the true class).
 */
import { checkLogits, probabilitiesOf } from './softmax.js';

/** T is looked for between these: beyond, probabilities are uniform or one-hot for practical purposes. */
const SMALLEST_TEMPERATURE = 0.05;
const LARGEST_TEMPERATURE = 20;

/** Halvings of the interval of 1 / T: more than a double has bits to tell apart. */
const HALVINGS = 60;

export interface FittedTemperature {
  /** In [SMALLEST_TEMPERATURE, LARGEST_TEMPERATURE]. */
  readonly temperature: number;
  /** Mean negative log-likelihood of the truth, nats, before (T = 1) and after. */
  readonly before: number;
  readonly after: number;
}

function checkTruth(logits: ArrayLike<number>, classes: number, labels: ArrayLike<number>): void {
  checkLogits(logits, classes);
  if (labels.length === 0) throw new RangeError('expected at least one scan to fit a temperature, got none');
  if (logits.length !== labels.length * classes)
    throw new RangeError(`expected ${labels.length * classes} logits, got ${logits.length}`);
  for (let scan = 0; scan < labels.length; scan++) {
    const label = labels[scan]!;
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw new RangeError(`expected label ${scan} from 0 to ${classes - 1}, got ${label}`);
  }
}

/** Mean over scans of -log softmax(logits / T)[label], nats. Errors: RangeError. */
export function negativeLogLikelihood(
  logits: ArrayLike<number>,
  classes: number,
  labels: ArrayLike<number>,
  temperature = 1,
): number {
  checkTruth(logits, classes, labels);
  let total = 0;
  for (let scan = 0; scan < labels.length; scan++) {
    let largest = -Infinity;
    for (let column = 0; column < classes; column++)
      largest = Math.max(largest, logits[scan * classes + column]!);
    let sum = 0;
    for (let column = 0; column < classes; column++)
      sum += Math.exp((logits[scan * classes + column]! - largest) / temperature);
    total += Math.log(sum) - (logits[scan * classes + labels[scan]!]! - largest) / temperature;
  }
  return total / labels.length;
}

/** Fits T on logits `[scans][classes]` and their true classes `[scans]`. Errors: RangeError. */
export function fitTemperature(
  logits: ArrayLike<number>,
  classes: number,
  labels: ArrayLike<number>,
): FittedTemperature {
  checkTruth(logits, classes, labels);
  const slope = (inverse: number): number => {
    const probabilities = probabilitiesOf(logits, classes, 1 / inverse);
    let total = 0;
    for (let scan = 0; scan < labels.length; scan++) {
      for (let column = 0; column < classes; column++)
        total += probabilities[scan * classes + column]! * logits[scan * classes + column]!;
      total -= logits[scan * classes + labels[scan]!]!;
    }
    return total;
  };
  let low = 1 / LARGEST_TEMPERATURE;
  let high = 1 / SMALLEST_TEMPERATURE;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  const temperature = 2 / (low + high);
  return {
    temperature,
    before: negativeLogLikelihood(logits, classes, labels),
    after: negativeLogLikelihood(logits, classes, labels, temperature),
  };
}
