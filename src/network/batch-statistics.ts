/**
 * The two ways batch norm can run in a network: with the statistics of the batch, which are recorded, or
 * with fixed ones.
 */
import type { TensorEntry } from '../space/tensors.js';
import type { Tensor } from '../tensor/backend.js';
import { batchNormFixed, batchNormTraining } from '../tensor/batch-norm.js';
import { fromFloats, keep, toFloats } from '../tensor/scope.js';
import type { Normalise } from './blocks.js';

/** Normalises with each batch's own statistics and remembers them until they are read. */
export class BatchStatisticsRecorder {
  private readonly recorded: Tensor[] = [];

  readonly normalise: Normalise = (unit, x, weights) => {
    const { value, mean, variance } = batchNormTraining(x, weights(unit.gamma), weights(unit.beta), unit);
    this.recorded.push(keep(mean), keep(variance));
    return value;
  };

  /** Means and unbiased variances in the order the units ran, which is the path's order; `[count]`. */
  read(count: number): Float32Array {
    const values = new Float32Array(count);
    let end = 0;
    for (const tensor of this.recorded) {
      values.set(toFloats(tensor), end);
      end += tensor.size;
    }
    if (end !== count) throw new RangeError(`expected ${count} statistics of the path, got ${end}`);
    return values;
  }

  /** Frees the recorded tensors; must be called, also after an error. */
  dispose(): void {
    for (const tensor of this.recorded) tensor.dispose();
    this.recorded.length = 0;
  }
}

/** Normalises with the statistics at `indices` of the layout, given in that order, one after the other. */
export function fixedStatistics(
  layout: { readonly statistics: readonly TensorEntry[] },
  indices: readonly number[],
  statistics: Float32Array,
): Normalise {
  const expected = indices.reduce((sum, index) => sum + layout.statistics[index]!.size, 0);
  if (statistics.length !== expected)
    throw new RangeError(`expected ${expected} statistics of the path, got ${statistics.length}`);
  const tensors = new Map<number, Tensor>();
  let end = 0;
  for (const index of indices) {
    const { size } = layout.statistics[index]!;
    tensors.set(index, fromFloats(statistics.subarray(end, end + size), [size]));
    end += size;
  }
  return (unit, x, weights) => {
    const mean = tensors.get(unit.mean)!;
    const variance = tensors.get(unit.variance)!;
    return batchNormFixed(x, { gamma: weights(unit.gamma), beta: weights(unit.beta), mean, variance }, unit);
  };
}
