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

/**
 * Mean cross-entropy over the batch, a scalar: (1/n) Σ w[label] · loss.
 * `classWeights` `[classes]`, 1 each where absent.
 *
 * DEVIATION: PyTorch divides a weighted loss by the sum of the weights in the batch. Here it is divided by
 * n, so that micro-batches weighted by their samples add up to the loss of the whole batch.
 */
export function meanCrossEntropy(logits: Tensor, labels: Int32Array, classWeights?: Float32Array): Tensor {
  const [samples, classes] = logits.shape as [number, number];
  checkLabels(labels, samples, classes);
  if (classWeights !== undefined && classWeights.length !== classes)
    throw new RangeError(`expected ${classes} class weights, got ${classWeights.length}`);
  const targets = new Float32Array(samples * classes);
  const weights = new Float32Array(samples);
  labels.forEach((label, sample) => {
    targets[sample * classes + label] = 1;
    weights[sample] = (classWeights?.[label] ?? 1) / samples;
  });
  return softmaxCrossEntropy(logits, fromFloats(targets, [samples, classes]), fromFloats(weights, [samples]));
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
