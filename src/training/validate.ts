/**
 * Validation of one path (spec section 2.7): batch-norm statistics for the path, then the
 * predicted class of every scan. A scan's prediction depends on the scan and the weights alone,
 * except in the transductive mode `batch`.
 */
import type { Kernels } from '../kernels/kernels.js';
import type { Subnet } from '../network/supernet.js';
import { generator } from '../random/generator.js';
import { gatherTensors } from '../space/layout.js';
import type { TensorLists } from '../space/tensors.js';
import type { Path } from '../space/path.js';
import type { Dataset } from './dataset.js';
import { predict, predictTransductive } from './predict.js';
import { recalibrate } from './recalibrate.js';
import { recalibrationScans } from './samples.js';
import type { SharedWeights } from './snapshot.js';

export interface ValidationRules {
  readonly seed: number;
  readonly batchNorm: 'recalibrate' | 'running' | 'batch';
  /** Scans predicted at once. */
  readonly batch: number;
  /** Training batches that statistics are recalibrated on. */
  readonly recalibrationBatches: number;
  readonly trainingBatch: number;
}

/** A path as it is validated. */
export interface ValidationSubject {
  readonly net: { readonly layout: TensorLists };
  readonly path: Path;
  readonly weights: SharedWeights;
  readonly dataset: Dataset;
  readonly rules: ValidationRules;
  /** Keys the scans that statistics are recalibrated on. */
  readonly epoch: number;
  /** What computes it; TensorFlow where absent or null. */
  readonly kernels?: Kernels | null;
}

/** Logits `[scans][classes]` of `ids`, in their order. */
export function predictScans(subject: ValidationSubject, ids: readonly string[]): Float32Array {
  const { net, path, weights, dataset, rules, epoch } = subject;
  const subnet: Subnet = {
    net,
    path,
    parameters: weights.parameters,
    kernels: subject.kernels ?? null,
  };
  const classes = path.classifier.outputs;
  const logits = new Float32Array(ids.length * classes);
  const statistics = pathStatistics(subject, subnet);
  const order =
    rules.batchNorm === 'batch'
      ? generator(rules.seed, 'transductive', epoch).permutation(ids.length)
      : ids.map((_, i) => i);
  for (let start = 0; start < order.length; start += rules.batch) {
    const rows = order.slice(start, start + rules.batch);
    const batch = dataset.batch(rows.map((row) => ids[row]!));
    const part =
      statistics === null ? predictTransductive(subnet, batch) : predict(subnet, statistics, batch);
    rows.forEach((row, i) => logits.set(part.subarray(i * classes, (i + 1) * classes), row * classes));
  }
  return logits;
}

/** Statistics of the path, path order; null in mode `batch`. */
function pathStatistics(
  { dataset, rules, epoch, weights }: ValidationSubject,
  subnet: Subnet,
): Float32Array | null {
  switch (rules.batchNorm) {
    case 'batch':
      return null;
    case 'running':
      return gatherTensors(subnet.net.layout.statistics, subnet.path.statistics, weights.statistics);
    case 'recalibrate': {
      const rows = recalibrationScans(
        { seed: rules.seed, batch: rules.trainingBatch, batches: rules.recalibrationBatches },
        dataset.training,
        epoch,
      );
      return recalibrate(
        subnet,
        rows.map((ids) => dataset.batch(ids)),
      );
    }
  }
}

/** Confusion matrix `[classes][classes]`, flat, true class by row. */
export function confusionMatrix(truth: Int32Array, predicted: Int32Array, classes: number): number[] {
  const matrix = new Array<number>(classes * classes).fill(0);
  truth.forEach((label, i) => {
    const cell = label * classes + predicted[i]!;
    matrix[cell] = matrix[cell]! + 1;
  });
  return matrix;
}
