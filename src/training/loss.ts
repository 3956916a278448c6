/**
 * Cross-entropy of a batch of logits, and how many of them are right.
 */
import type { Tensor } from '../tensor/backend.js';
import { softmaxCrossEntropy } from '../tensor/head.js';
import { fromFloats } from '../tensor/scope.js';

/** Class of each sample, each from 0 to classes - 1. Errors: RangeError. */
export function checkLabels(labels: Int32Array, samples: number, classes: number): void {
  if (labels.length !== samples) throw new RangeError(`expected ${samples} labels, got ${labels.length}`);
  const foreign = labels.find((label) => label < 0 || label >= classes);
  if (foreign !== undefined) throw new RangeError(`expected labels from 0 to ${classes - 1}, got ${foreign}`);
}

/** The other side of a batch's cross-entropy. */
export interface LossTerms {
  /** A probability a class, `[samples, classes]`. */
  readonly targets: Float32Array;
  /** `[samples]`. */
  readonly weights: Float32Array;
}

/**
 * Targets and weights of the mean cross-entropy over a batch: (1/n) Σ w[label] · loss.
 * `classWeights` `[classes]`, 1 each where absent. `labelSmoothing` s: the target is 1 - s for the label
 * plus s / classes for every class (Szegedy et al. 2016, section 7). Errors: RangeError.
 *
 * DEVIATION: PyTorch divides a weighted loss by the sum of the weights in the batch. Here it is divided by
 * n, so that micro-batches weighted by their samples add up to the loss of the whole batch.
 */
export function lossTerms(
  labels: Int32Array,
  classes: number,
  classWeights?: Float32Array,
  labelSmoothing = 0,
): LossTerms {
  const samples = labels.length;
  if (classWeights !== undefined && classWeights.length !== classes)
    throw new RangeError(`expected ${classes} class weights, got ${classWeights.length}`);
  const targets = new Float32Array(samples * classes).fill(labelSmoothing / classes);
  const weights = new Float32Array(samples);
  labels.forEach((label, sample) => {
    targets[sample * classes + label] = 1 - labelSmoothing + labelSmoothing / classes;
    weights[sample] = (classWeights?.[label] ?? 1) / samples;
  });
  return { targets, weights };
}

/** Mean cross-entropy over the batch, a scalar; arguments as for `lossTerms`. Errors: RangeError. */
export function meanCrossEntropy(
  logits: Tensor,
  labels: Int32Array,
  classWeights?: Float32Array,
  labelSmoothing = 0,
): Tensor {
  const [samples, classes] = logits.shape as [number, number];
  checkLabels(labels, samples, classes);
  const { targets, weights } = lossTerms(labels, classes, classWeights, labelSmoothing);
  return softmaxCrossEntropy(logits, fromFloats(targets, [samples, classes]), fromFloats(weights, [samples]));
}

/** Mean over the scans of -log softmax(logits)[label], nats. `logits` `[n][classes]`, `labels` `[n]`. */
export function crossEntropy(logits: Float32Array, labels: Int32Array): number {
  const classes = logits.length / labels.length;
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
    const sum = scores.reduce((all, score) => all + Math.exp(score - largest), 0);
    total += Math.log(sum) + largest - scores[labels[row]!]!;
  }
  return total / labels.length;
}

/** The class with the largest logit for each sample, the first of equals; `[n]`. */
export function predictedClasses(logits: Float32Array, classes: number): Int32Array {
  const predicted = new Int32Array(logits.length / classes);
  for (let sample = 0; sample < predicted.length; sample++) {
    let best = 0;
    for (let label = 1; label < classes; label++) {
      if (logits[sample * classes + label]! > logits[sample * classes + best]!) best = label;
    }
    predicted[sample] = best;
  }
  return predicted;
}
