import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '#emars/tensor/backend.js';
import { batchNormFixed, batchNormTraining } from '#emars/tensor/batch-norm.js';
import { conv3d, pointwise, subsample } from '#emars/tensor/conv3d.js';
import { depthwise3d } from '#emars/tensor/depthwise3d.js';
import { multiplyMask } from '#emars/tensor/head.js';
import { fromFloats, inScope, toFloats, valueAndGradients } from '#emars/tensor/scope.js';
import { tensorflow } from '#emars/tensor/backend.js';
import type { SearchSpace } from '#emars/space/space.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { predict } from '#emars/training/predict.js';
import type { GoldenCase, GoldenTensor } from './support/golden.js';
import { golden, goldenCase } from './support/golden.js';
import { describeBoth } from './support/kernels.js';
import { relativeError } from './support/numbers.js';

const TOLERANCE = 1e-4;

/** Feature maps are stored [depth, batch, height, width, channels]. */
function folded({ shape, values }: GoldenTensor): Tensor {
  const [depth, batch, ...rest] = shape as [number, number, ...number[]];
  return fromFloats(values, [depth * batch, ...rest]);
}

/** The output of `f` and its gradients under the golden `dy`. */
function compare(
  name: string,
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  expected: { readonly output: string; readonly gradients: readonly string[] },
): void {
  const dy = golden(name, 'dy').values;
  const { gradients } = valueAndGradients(() => {
    const y = f(...inputs);
    expect(relativeError(toFloats(y), golden(name, expected.output).values)).toBeLessThan(TOLERANCE);
    return tensorflow().sum(multiplyMask(y, fromFloats(dy, y.shape)));
  }, inputs);
  expected.gradients.forEach((gradient, position) => {
    expect(
      relativeError(toFloats(gradients[position]!), golden(name, gradient).values),
      gradient,
    ).toBeLessThan(TOLERANCE);
  });
}

describe('convolutions agree with PyTorch', () => {
  it.each(['k3', 'k5', 'k7', 'k7 larger than the volume'])('depthwise %s', (name) => {
    inScope(() => {
      const depth = golden(name, 'x').shape[0]!;
      const filter = golden(name, 'filter');
      compare(
        name,
        (x, w) => depthwise3d(x, w, depth),
        [folded(golden(name, 'x')), fromFloats(filter.values, filter.shape)],
        { output: 'y', gradients: ['dx', 'dfilter'] },
      );
    });
  });

  it('stem', () => {
    inScope(() => {
      const filter = golden('stem', 'filter');
      const depth = golden('stem', 'x').shape[0]!;
      compare(
        'stem',
        (x, w) => conv3d(x, w, depth, { stride: 2 }),
        [folded(golden('stem', 'x')), fromFloats(filter.values, filter.shape)],
        { output: 'y', gradients: ['dx', 'dfilter'] },
      );
    });
  });

  it('strided calibration at odd size', () => {
    const name = 'strided calibration at odd size';
    inScope(() => {
      const filter = golden(name, 'filter');
      const depth = golden(name, 'x').shape[0]!;
      compare(
        name,
        (x, w) => pointwise(subsample(x, depth, 2), w),
        [folded(golden(name, 'x')), fromFloats(filter.values, filter.shape.slice(3))],
        { output: 'y', gradients: ['dx', 'dfilter'] },
      );
    });
  });
});

describe('batch norm with ReLU6 agrees with PyTorch', () => {
  const channelTensor = (name: string): Tensor =>
    fromFloats(golden('batch norm', name).values, golden('batch norm', name).shape);

  it('in training: values, gradients, and the statistics that go to the running ones', () => {
    inScope(() => {
      const inputs = [
        folded(golden('batch norm', 'x')),
        channelTensor('gamma'),
        channelTensor('beta'),
      ] as const;
      compare(
        'batch norm',
        (x, gamma, beta) => batchNormTraining(x, gamma, beta, { activation: 'relu6' }).value,
        inputs,
        {
          output: 'y',
          gradients: ['dx', 'dgamma', 'dbeta'],
        },
      );
      const { mean, variance } = batchNormTraining(...inputs, { activation: 'relu6' });
      expect(relativeError(toFloats(mean), golden('batch norm', 'mean').values)).toBeLessThan(TOLERANCE);
      expect(relativeError(toFloats(variance), golden('batch norm', 'variance').values)).toBeLessThan(
        TOLERANCE,
      );
    });
  });

  it('in evaluation, with fixed statistics', () => {
    inScope(() => {
      const value = batchNormFixed(
        folded(golden('batch norm', 'evaluation x')),
        {
          gamma: channelTensor('gamma'),
          beta: channelTensor('beta'),
          mean: channelTensor('mean'),
          variance: channelTensor('variance'),
        },
        { activation: 'relu6' },
      );
      expect(relativeError(toFloats(value), golden('batch norm', 'evaluation y').values)).toBeLessThan(
        TOLERANCE,
      );
    });
  });
});

describeBoth('a path agrees with PyTorch', (kernels) => {
  describe.each(['skip and head', '3-cell path'])('%s', (name) => {
    const { space: shape, genome, classWeights } = goldenCase(name) as Required<GoldenCase>;
    const space: SearchSpace = { ...shape, operations: ['mb_k3_e3', 'mb_k5_e4', 'mb_k7_e3', 'skip'] };
    const net = superNetOf(space);
    const { layout } = net;
    const path = resolvePath(net, genome);
    const images = golden(name, 'images');
    const imageShape = images.shape as readonly [number, number, number, number];

    // The golden file holds the path's parameters alone; the rest of the SuperNet is NaN, to show that it is not touched.
    const parameters = new Float32Array(layout.parameterCount).fill(NaN);
    let end = 0;
    for (const index of path.parameters) {
      const { offset, size } = layout.parameters[index]!;
      parameters.set(golden(name, 'parameters').values.subarray(end, end + size), offset);
      end += size;
    }

    it('in the loss, the gradient of every tensor, and the batch statistics', () => {
      const batch = {
        images: images.values,
        shape: imageShape,
        labels: Int32Array.from(golden(name, 'labels').values),
      };
      const result = pathGradient({ net, path, parameters, kernels }, batch, {
        dropoutMask: golden(name, 'mask').values,
        classWeights: Float32Array.from(classWeights),
      });
      expect(relativeError([result.loss], golden(name, 'loss').values)).toBeLessThan(TOLERANCE);
      expect(relativeError(result.statistics, golden(name, 'statistics').values)).toBeLessThan(TOLERANCE);
      const expected = golden(name, 'gradient').values;
      // Where a linear batch norm leads into a convolution with batch norm, the gradient of its beta is 0 by
      // construction: such tensors are judged against the size of the whole gradient.
      const floor = 0.01 * expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      let start = 0;
      for (const index of path.parameters) {
        const { name: tensor, size } = layout.parameters[index]!;
        expect(
          relativeError(
            result.gradient.subarray(start, start + size),
            expected.subarray(start, start + size),
            floor,
          ),
          tensor,
        ).toBeLessThan(TOLERANCE);
        start += size;
      }
      expect(start).toBe(expected.length);
    });

    it('in evaluation, with fixed statistics', () => {
      const logits = predict({ net, path, parameters, kernels }, golden(name, 'statistics').values, {
        images: images.values,
        shape: imageShape,
      });
      expect(relativeError(logits, golden(name, 'evaluation logits').values)).toBeLessThan(TOLERANCE);
    });
  });
});
