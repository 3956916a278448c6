/**
 * The first weights of a network, a function of the seed and of each tensor's name alone.
 *
 * Convolutions: normal, std sqrt(2 / fan-out) over all three kernel axes. Batch norm: gamma 1, beta 0.
 * Classifier: normal with the variance of the customary uniform draw in ±1/sqrt(inputs), bias 0.
 * The distribution of each tensor stands in the layout.
 */
import { generator } from '../random/generator.js';
import type { TensorLists } from '../space/tensors.js';

/** Initial parameters, `[layout.parameterCount]`; the caller's. */
export function initialiseParameters(layout: TensorLists, seed: number): Float32Array {
  const values = new Float32Array(layout.parameterCount);
  for (const { name, offset, size, initial } of layout.parameters) {
    if (initial.kind === 'constant') {
      values.fill(initial.value, offset, offset + size);
      continue;
    }
    const random = generator(seed, 'initialise', name);
    for (let i = offset; i < offset + size; i++) values[i] = initial.deviation * random.normal();
  }
  return values;
}

/** Initial running statistics, `[layout.statisticCount]`: mean 0, variance 1; the caller's. */
export function initialStatistics(layout: TensorLists): Float32Array {
  const values = new Float32Array(layout.statisticCount);
  for (const { offset, size, initial } of layout.statistics) {
    if (initial.kind === 'constant') values.fill(initial.value, offset, offset + size);
  }
  return values;
}
