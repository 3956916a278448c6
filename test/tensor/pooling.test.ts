import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '#emars/tensor/backend.js';
import { concatenate } from '#emars/tensor/concatenate.js';
import { averagePool3d, maxPool3d } from '#emars/tensor/pool3d.js';
import { relu } from '#emars/tensor/relu.js';
import { fromFloats, inScope, toFloats } from '#emars/tensor/scope.js';
import { expectGradientsByDifferences, project, random, relativeError } from './support/numbers.js';

/** [depth, batch, height, width, channels]: odd and even extents, and one below the kernel. */
type Volume = readonly [depth: number, batch: number, height: number, width: number, channels: number];
const VOLUMES: readonly Volume[] = [
  [5, 2, 6, 7, 3],
  [4, 1, 2, 1, 2],
  [1, 2, 3, 4, 1],
];

const folded = ([depth, batch, ...rest]: Volume): number[] => [depth * batch, ...rest];

/** Calls `visit` with the input positions of every output's box, in the order of the output. */
function boxes(
  [depth, batch, height, width, channels]: Volume,
  [from, to, stride]: readonly [number, number, number],
  visit: (positions: number[]) => void,
): void {
  const inside = (extent: number, out: number): number[] =>
    Array.from({ length: to - from }, (_, tap) => out * stride + from + tap).filter(
      (i) => i >= 0 && i < extent,
    );
  const outputs = (extent: number): number[] =>
    Array.from({ length: Math.ceil(extent / stride) }, (_, i) => i);
  for (const d of outputs(depth))
    for (let n = 0; n < batch; n++)
      for (const h of outputs(height))
        for (const w of outputs(width))
          for (let c = 0; c < channels; c++)
            visit(
              inside(depth, d).flatMap((z) =>
                inside(height, h).flatMap((y) =>
                  inside(width, w).map((x) => (((z * batch + n) * height + y) * width + x) * channels + c),
                ),
              ),
            );
}

describe.each(VOLUMES)('on a volume of depth %i, batch %i, %i x %i x %i', (...volume) => {
  const x = random(folded(volume), 'pooled');

  it.each([1, 2])(
    'the largest of 3 x 3 x 3 at stride %i, and its gradient, are the definition’s',
    (stride) => {
      const { output, upstream, gradients } = project((a) => maxPool3d(a, volume[0], 3, stride), [x]);
      const expected: number[] = [];
      const gradient = new Float64Array(x.values.length);
      boxes(volume, [-1, 2, stride], (positions) => {
        const best = positions.reduce((held, at) => (x.values[at]! > x.values[held]! ? at : held));
        gradient[best]! += upstream[expected.length]!;
        expected.push(x.values[best]!);
      });
      expect([...output]).toEqual(expected);
      expect(relativeError(gradients[0]!, gradient)).toBeLessThan(1e-6);
    },
  );

  it('the mean of 2 x 2 x 2, with what is there at an odd edge, and its gradient, are the definition’s', () => {
    const { output, upstream, gradients } = project((a) => averagePool3d(a, volume[0]), [x]);
    const expected: number[] = [];
    const gradient = new Float64Array(x.values.length);
    boxes(volume, [0, 2, 2], (positions) => {
      for (const at of positions) gradient[at]! += upstream[expected.length]! / positions.length;
      expected.push(positions.reduce((sum, at) => sum + x.values[at]!, 0) / positions.length);
    });
    expect(relativeError(output, expected)).toBeLessThan(1e-6);
    expect(relativeError(gradients[0]!, gradient)).toBeLessThan(1e-6);
  });
});

it('the gradient of equal values goes to one of them', () => {
  const equal = { shape: [3, 3, 3, 1], values: new Float32Array(27).fill(1) };
  const { upstream, gradients } = project((a) => maxPool3d(a, 3, 3, 2), [equal]);
  const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);
  expect(total(gradients[0]!)).toBeCloseTo(total(upstream), 5);
  expect(gradients[0]!.filter((value) => value !== 0).length).toBeLessThanOrEqual(upstream.length);
});

it('ReLU passes what is above 0, and its gradient', () => {
  const values = Float32Array.of(-1, 0, 0.5, 7);
  const { output, upstream, gradients } = project((a) => relu(a), [{ shape: [4], values }]);
  expect([...output]).toEqual([0, 0, 0.5, 7]);
  expect(Array.from(gradients[0]!, (value) => value + 0)).toEqual([0, 0, upstream[2], upstream[3]]);
});

describe('channels side by side', () => {
  const [x, y] = [random([4, 2, 3, 2], 'left'), random([4, 2, 3, 5], 'right')];

  it('are the channels of both, and split the gradient', () => {
    inScope(() => {
      const value = concatenate(fromFloats(x.values, x.shape), fromFloats(y.values, y.shape));
      expect(value.shape).toEqual([4, 2, 3, 7]);
      expect([...toFloats(value).subarray(0, 7)]).toEqual([
        ...x.values.subarray(0, 2),
        ...y.values.subarray(0, 5),
      ]);
    });
    expectGradientsByDifferences((a: Tensor, b: Tensor) => concatenate(a, b), [x, y]);
  });

  it('are refused on another grid', () => {
    inScope(() => {
      const other = fromFloats(new Float32Array(4 * 3 * 3 * 2), [4, 3, 3, 2]);
      expect(() => concatenate(fromFloats(x.values, x.shape), other)).toThrow(
        'concatenate: expected a tensor [4, 2, 3, channels], got [4, 3, 3, 2]',
      );
    });
  });
});
