/** Sums over a third of a million positions: how far gradients are from PyTorch's in double precision. */
import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { SearchSpace } from '#emars/space/space.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { golden, goldenCase } from './support/golden.js';
import { kernels } from './support/kernels.js';
import { relativeError, size } from './support/numbers.js';

const NAME = 'large volumes';

describe.skipIf(kernels === null)('the gradient of 8 scans of 32x96x96', () => {
  it('by the native kernels is no further from the truth than PyTorch’s in float32', () => {
    const { space: shapeOfNet, genome = [], shape, float32Error } = goldenCase(NAME);
    const space = { ...shapeOfNet!, operations: ['mb_k3_e3', 'mb_k5_e4'] } as SearchSpace;
    const net = superNetOf(space);
    const path = resolvePath(net, genome);
    const parameters = new Float32Array(net.layout.parameterCount).fill(NaN);
    let end = 0;
    for (const index of path.parameters) {
      const { offset, size: floats } = net.layout.parameters[index]!;
      parameters.set(golden(NAME, 'parameters').values.subarray(end, end + floats), offset);
      end += floats;
    }
    // The formula of make_golden.py.
    const images = Float32Array.from(
      { length: size(shape!) },
      (_, i) => ((i * 7919 + Math.floor(i / 977) * 104729) % 2003) / 1001 - 1,
    );
    const labels = Int32Array.from(golden(NAME, 'labels').values);
    const batch = { images, shape: shape!, labels };
    const result = pathGradient({ net, path, parameters, kernels }, batch);
    const expected = golden(NAME, 'gradient').values;
    const floor = 0.01 * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    let worst = 0;
    let start = 0;
    for (const index of path.parameters) {
      const stop = start + net.layout.parameters[index]!.size;
      const error = relativeError(
        result.gradient.subarray(start, stop),
        expected.subarray(start, stop),
        floor,
      );
      worst = Math.max(worst, error);
      start = stop;
    }
    expect(relativeError([result.loss], golden(NAME, 'loss').values)).toBeLessThan(1e-6);
    expect(worst).toBeLessThan(float32Error!);
  });
});
