/** Random arrays, comparison, and finite differences for tests. */
import { expect } from 'vitest';
import { generator } from '#emars/random/generator.js';
import type { Tensor } from '#emars/tensor/backend.js';
import { fromFloats, inScope, toFloats, valueAndGradients } from '#emars/tensor/scope.js';
import { multiplyMask } from '#emars/tensor/head.js';
import { tensorflow } from '#emars/tensor/backend.js';

/** Normal numbers from a key. */
export function randomFloats(count: number, key: string, scale = 1): Float32Array {
  const random = generator(7, 'test', key);
  return Float32Array.from({ length: count }, () => scale * random.normal());
}

export function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Largest difference, relative to the largest expected magnitude, or to `floor` if that is larger. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>, floor = 0): number {
  expect(got.length).toBe(expected.length);
  let difference = 0;
  let magnitude = floor;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - expected[i]!));
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return magnitude === 0 ? difference : difference / magnitude;
}

export interface Input {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export const random = (shape: readonly number[], key: string, scale = 1): Input => ({
  shape,
  values: randomFloats(size(shape), key, scale),
});

/**
 * L = Σ upstream ∘ f(inputs), its output values and its gradients by our backward pass. A random
 * `upstream` makes every output count differently.
 */
export function project(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Input[],
  upstreamKey = 'upstream',
): { output: Float32Array; upstream: Float32Array; gradients: Float32Array[] } {
  return inScope(() => {
    const tensors = inputs.map(({ values, shape }) => fromFloats(values, shape));
    let output: Float32Array = new Float32Array(0);
    let upstream: Float32Array = new Float32Array(0);
    const { gradients } = valueAndGradients(() => {
      const y = f(...tensors);
      output = toFloats(y).slice();
      upstream = randomFloats(y.size, upstreamKey);
      return tensorflow().sum(multiplyMask(y, fromFloats(upstream, y.shape)));
    }, tensors);
    return { output, upstream, gradients: gradients.map((gradient) => toFloats(gradient).slice()) };
  });
}

function projectedValue(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Input[],
  upstream: Float32Array,
): number {
  return inScope(() => {
    const y = toFloats(f(...inputs.map(({ values, shape }) => fromFloats(values, shape))));
    return y.reduce((sum, value, i) => sum + value * upstream[i]!, 0);
  });
}

/**
 * Compares each input's gradient with central differences along `directions` random directions.
 * fp32 in the forward pass limits what differences can show: `tolerance` is relative to the length of the gradient.
 */
export function expectGradientsByDifferences(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Input[],
  options: { step?: number; tolerance?: number; directions?: number } = {},
): void {
  const { step = 1e-2, tolerance = 5e-3, directions = 4 } = options;
  const { upstream, gradients } = project(f, inputs);
  inputs.forEach((input, position) => {
    const gradient = gradients[position]!;
    for (let d = 0; d < directions; d++) {
      const direction = randomFloats(input.values.length, `direction ${position} ${d}`);
      const at = (sign: number): number =>
        projectedValue(
          f,
          inputs.map((other, i) =>
            i === position
              ? { ...other, values: other.values.map((value, j) => value + sign * step * direction[j]!) }
              : other,
          ),
          upstream,
        );
      const numeric = (at(1) - at(-1)) / (2 * step);
      const analytic = gradient.reduce((sum, value, j) => sum + value * direction[j]!, 0);
      const scale = Math.hypot(...gradient);
      expect(
        Math.abs(numeric - analytic),
        `input ${position}, direction ${d}: numeric ${numeric}, analytic ${analytic}`,
      ).toBeLessThan(tolerance * Math.max(scale, 1e-3));
    }
  });
}
