import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import { conv3d, pointwise, subsample } from '#emars/tensor/conv3d.js';
import { depthwise3d } from '#emars/tensor/depthwise3d.js';
import { fromFloats, inScope } from '#emars/tensor/scope.js';
import type { ConvolutionCase } from './support/naive.js';
import { naiveConvolution } from './support/naive.js';
import { project, random, relativeError } from './support/numbers.js';

const TOLERANCE = 1e-5;

function compare(shape: ConvolutionCase): void {
  const { batch, depth, height, width, inputs, outputs, kernel, stride, depthwise } = shape;
  const x = random([depth * batch, height, width, inputs], `x ${JSON.stringify(shape)}`);
  const filter = random(
    [kernel, kernel, kernel, inputs, depthwise ? 1 : outputs],
    `filter ${JSON.stringify(shape)}`,
  );
  const { output, upstream, gradients } = project(
    (a, b) => (depthwise ? depthwise3d(a, b, depth) : conv3d(a, b, depth, { stride })),
    [x, filter],
  );
  const twin = naiveConvolution(shape, x.values, filter.values);
  expect(relativeError(output, twin.output)).toBeLessThan(TOLERANCE);
  const { dx, dFilter } = twin.backward(upstream);
  expect(relativeError(gradients[0]!, dx)).toBeLessThan(TOLERANCE);
  expect(relativeError(gradients[1]!, dFilter)).toBeLessThan(TOLERANCE);
}

describe('depthwise 3-D convolution equals six plain loops, forward and both gradients', () => {
  it.each([
    ['k3 inside a larger volume', 3, 5, 6, 7],
    ['k5 larger than the depth', 5, 2, 6, 5],
    ['k7 larger than every axis', 7, 3, 2, 1],
    ['k7 on a single voxel', 7, 1, 1, 1],
    ['k7 cropped in the plane only', 7, 8, 2, 3],
    ['k1', 1, 3, 4, 4],
  ])('%s', (_, kernel, depth, height, width) => {
    compare({ batch: 2, depth, height, width, inputs: 3, outputs: 3, kernel, stride: 1, depthwise: true });
  });

  it('says what it expected of a filter', () => {
    inScope(() => {
      const x = fromFloats(new Float32Array(2 * 4 * 3), [2, 2, 2, 3]);
      expect(() => depthwise3d(x, fromFloats(new Float32Array(27 * 2), [3, 3, 3, 2, 1]), 2)).toThrow(
        /expected a tensor \[kernel depth, kernel height, kernel width, 3, 1\], .*got \[3, 3, 3, 2, 1\]/,
      );
      expect(() => depthwise3d(x, fromFloats(new Float32Array(8 * 3), [2, 2, 2, 3, 1]), 2)).toThrow(
        /odd kernel/,
      );
      expect(() => depthwise3d(x, fromFloats(new Float32Array(27 * 3), [3, 3, 3, 3, 1]), 3)).toThrow(
        /multiple of the depth 3/,
      );
    });
  });
});

describe('full 3-D convolution equals six plain loops, forward and both gradients', () => {
  it.each([
    ['stride 1', 1, 4, 5, 6, 2],
    ['stride 2, even sizes', 2, 4, 6, 8, 1],
    ['stride 2, odd sizes', 2, 5, 7, 3, 2],
    ['stride 2 on a single slice', 2, 1, 4, 4, 1],
  ])('%s', (_, stride, depth, height, width, inputs) => {
    compare({ batch: 2, depth, height, width, inputs, outputs: 4, kernel: 3, stride, depthwise: false });
  });

  it('takes every second voxel at kernel 1 and stride 2', () => {
    compare({
      batch: 2,
      depth: 5,
      height: 4,
      width: 3,
      inputs: 2,
      outputs: 3,
      kernel: 1,
      stride: 2,
      depthwise: false,
    });
  });
});

describe('pointwise convolution', () => {
  it.each([
    [1, 3, 4, 4],
    [2, 5, 7, 3],
    [2, 4, 6, 2],
    [2, 1, 1, 1],
  ])('of stride %i on %i x %i x %i equals six plain loops', (stride, depth, height, width) => {
    const shape: ConvolutionCase = {
      batch: 2,
      depth,
      height,
      width,
      inputs: 3,
      outputs: 5,
      kernel: 1,
      stride,
      depthwise: false,
    };
    const x = random([depth * 2, height, width, 3], `x ${depth}`);
    const weight = random([3, 5], 'weight');
    const { output, upstream, gradients } = project(
      (a, b) => pointwise(subsample(a, depth, stride), b),
      [x, weight],
    );
    const twin = naiveConvolution(shape, x.values, weight.values);
    const { dx, dFilter } = twin.backward(upstream);
    expect(relativeError(output, twin.output)).toBeLessThan(TOLERANCE);
    expect(relativeError(gradients[0]!, dx)).toBeLessThan(TOLERANCE);
    expect(relativeError(gradients[1]!, dFilter)).toBeLessThan(TOLERANCE);
  });
});
