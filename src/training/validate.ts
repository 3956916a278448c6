/**
 * Validation of one path (spec section 2.7): batch-norm statistics for the path, then the
 * predicted class of every scan. A scan's prediction depends on the scan and the weights alone,
 * except in the transductive mode `batch`.
 */
import { generator } from '../random/generator.js';
import type { Genome } from '../space/genome.js';
import type { Dataset } from './dataset.js';
import { predict, predictTransductive, runningStatistics } from './predict.js';
import { recalibrate } from './recalibrate.js';
import { recalibrationScans } from './samples.js';
import type { Net } from './slot-vector.js';

export interface ValidationRules {
  readonly seed: number;
  readonly batchNorm: 'recalibrate' | 'running' | 'batch';
  /** Scans predicted at once. */
  readonly batch: number;
  /** Training batches that statistics are recalibrated on. */
  readonly recalibrationBatches: number;
  readonly trainingBatch: number;
}

export interface Weights {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
}

/** Logits `[scans][classes]` of `ids`, in their order. `epoch` keys the recalibration scans. */
export function predictScans(
  net: Net,
  dataset: Dataset,
  rules: ValidationRules,
  epoch: number,
  genome: Genome,
  weights: Weights,
  ids: readonly string[],
): Float32Array {
  const classes = net.space.classes;
  const logits = new Float32Array(ids.length * classes);
  const statistics = pathStatistics(net, dataset, rules, epoch, genome, weights);
  const order =
    rules.batchNorm === 'batch'
      ? generator(rules.seed, 'transductive', epoch).permutation(ids.length)
      : ids.map((_, i) => i);
  for (let start = 0; start < order.length; start += rules.batch) {
    const rows = order.slice(start, start + rules.batch);
    const { images, shape } = dataset.batch(rows.map((row) => ids[row]!));
    const part =
      statistics === null
        ? predictTransductive(net, genome, weights.parameters, images, shape)
        : predict(net, genome, weights.parameters, statistics, images, shape);
    rows.forEach((row, i) => logits.set(part.subarray(i * classes, (i + 1) * classes), row * classes));
  }
  return logits;
}

/** Statistics of the path, path order; null in mode `batch`. */
function pathStatistics(
  net: Net,
  dataset: Dataset,
  rules: ValidationRules,
  epoch: number,
  genome: Genome,
  weights: Weights,
): Float32Array | null {
  switch (rules.batchNorm) {
    case 'batch':
      return null;
    case 'running':
      return runningStatistics(net, genome, weights.statistics);
    case 'recalibrate': {
      const rows = recalibrationScans(
        rules.seed,
        dataset.training,
        epoch,
        rules.trainingBatch,
        rules.recalibrationBatches,
      );
      return recalibrate(
        net,
        genome,
        weights.parameters,
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
