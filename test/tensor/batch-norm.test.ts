import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '#emars/tensor/backend.js';
import { BATCH_NORM_EPSILON, batchNormFixed, batchNormTraining } from '#emars/tensor/batch-norm.js';
import { relu6 } from '#emars/tensor/relu6.js';
import { fromFloats, inScope, toFloats } from '#emars/tensor/scope.js';
import { expectGradientsByDifferences, project, random, relativeError } from './support/numbers.js';

const [rows, height, width, channels] = [6, 3, 2, 4];
const positions = rows * height * width;
const x = random([rows, height, width, channels], 'batch norm x', 2);
const gamma = random([channels], 'gamma');
const beta = random([channels], 'beta');

/** Mean and biased variance of a channel, in double precision. */
function moments(channel: number): { mean: number; variance: number } {
  const values = [...x.values].filter((_, i) => i % channels === channel);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length };
}

const tensors = (): [Tensor, Tensor, Tensor] =>
  [x, gamma, beta].map(({ values, shape }) => fromFloats(values, shape)) as [Tensor, Tensor, Tensor];

describe('batch norm in training', () => {
  it('normalises with the biased variance and returns the unbiased one', () => {
    inScope(() => {
      const { value, mean, variance } = batchNormTraining(...tensors(), { activation: 'none' });
      const expected = [...x.values].map((v, i) => {
        const c = i % channels;
        const m = moments(c);
        return (
          (gamma.values[c]! * (v - m.mean)) / Math.sqrt(m.variance + BATCH_NORM_EPSILON) + beta.values[c]!
        );
      });
      expect(relativeError(toFloats(value), expected)).toBeLessThan(1e-5);
      expect(
        relativeError(
          toFloats(mean),
          Array.from({ length: channels }, (_, c) => moments(c).mean),
        ),
      ).toBeLessThan(1e-5);
      expect(
        relativeError(
          toFloats(variance),
          Array.from({ length: channels }, (_, c) => (moments(c).variance * positions) / (positions - 1)),
        ),
      ).toBeLessThan(1e-5);
    });
  });

  it('has the gradients that differences show, through the statistics too', () => {
    expectGradientsByDifferences(
      (a, b, c) => batchNormTraining(a, b, c, { activation: 'none' }).value,
      [x, gamma, beta],
    );
  });

  it('with ReLU6 behind it equals the two one after the other, gradients included', () => {
    const fused = project(
      (a, b, c) => batchNormTraining(a, b, c, { activation: 'relu6' }).value,
      [x, gamma, beta],
    );
    const apart = project(
      (a, b, c) => relu6(batchNormTraining(a, b, c, { activation: 'none' }).value),
      [x, gamma, beta],
    );
    expect(fused.output).toEqual(apart.output);
    expect(fused.gradients).toEqual(apart.gradients);
  });

  it('keeps a finite variance where there is a single value', () => {
    inScope(() => {
      const one = fromFloats(Float32Array.of(3), [1, 1, 1, 1]);
      const unit = fromFloats(Float32Array.of(1), [1]);
      const { value, variance } = batchNormTraining(one, unit, fromFloats(Float32Array.of(0), [1]), {
        activation: 'none',
      });
      expect([toFloats(value)[0], toFloats(variance)[0]]).toEqual([0, 0]);
    });
  });
});

describe('batch norm with fixed statistics', () => {
  it('equals the formula', () => {
    const mean = random([channels], 'mean');
    const variance = {
      shape: [channels],
      values: random([channels], 'variance').values.map((v) => v * v + 0.1),
    };
    inScope(() => {
      const [input, scale, shift] = tensors();
      const value = batchNormFixed(
        input,
        {
          gamma: scale,
          beta: shift,
          mean: fromFloats(mean.values, [channels]),
          variance: fromFloats(variance.values, [channels]),
        },
        { activation: 'relu6' },
      );
      const expected = [...x.values].map((v, i) => {
        const c = i % channels;
        const y =
          (gamma.values[c]! * (v - mean.values[c]!)) / Math.sqrt(variance.values[c]! + BATCH_NORM_EPSILON) +
          beta.values[c]!;
        return Math.min(Math.max(y, 0), 6);
      });
      expect(relativeError(toFloats(value), expected)).toBeLessThan(1e-5);
    });
  });

  it('refuses statistics of another width', () => {
    inScope(() => {
      const short = fromFloats(new Float32Array(3), [3]);
      const [input, scale, shift] = tensors();
      const statistics = { gamma: scale, beta: shift, mean: short, variance: short };
      expect(() => batchNormFixed(input, statistics, { activation: 'none' })).toThrow(
        /expected a tensor \[4\], got \[3\]/,
      );
    });
  });
});

describe('ReLU6', () => {
  it('clips to 0…6 and passes the gradient strictly between', () => {
    const values = Float32Array.of(-1, 0, 0.5, 5.9, 6, 7);
    const { output, upstream, gradients } = project((a) => relu6(a), [{ shape: [6], values }]);
    expect([...output]).toEqual([0, 0, 0.5, Math.fround(5.9), 6, 6]);
    expect([...gradients[0]!].map((g) => g + 0)).toEqual(
      [...upstream].map((u, i) => (i === 2 || i === 3 ? u : 0)),
    );
  });
});
