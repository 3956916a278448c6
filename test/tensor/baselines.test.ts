import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import { baselineNetwork, networkOf } from '#emars/network/architecture.js';
import { initialiseParameters, initialStatistics } from '#emars/network/initialise.js';
import { liveTensors } from '#emars/tensor/scope.js';
import { networkGradient, networkPredictions } from '#emars/training/network-gradient.js';
import type { Batch } from '#emars/training/batch.js';
import type { GoldenCase } from './support/golden.js';
import { readGolden } from './support/golden.js';
import { randomFloats, relativeError, size } from './support/numbers.js';

const TOLERANCE = 1e-4;
/**
 * Gradients pass dozens of normalisations in float32, and TensorFlow sums in another order on each kind of
 * processor: the worst tensor of DenseNet3D is off by less than 1e-4 on one, by 2.2e-4 on another.
 */
const GRADIENT_TOLERANCE = 5e-4;
const CLASSES = 3;

const { golden, goldenCase } = readGolden('baselines');

describe.each(['resnet3d', 'densenet3d', 'mc3'])('%s agrees with PyTorch', (name) => {
  const { design, classWeights } = goldenCase(name) as Required<GoldenCase>;
  const network = baselineNetwork(design, CLASSES);
  const parameters = golden(name, 'parameters').values;
  const images = golden(name, 'images');
  const shape = images.shape as readonly [number, number, number, number];

  it('in the loss, the gradient of every tensor, and the batch statistics', () => {
    const result = networkGradient(
      network,
      parameters,
      { images: images.values, shape, labels: Int32Array.from(golden(name, 'labels').values) },
      { dropoutMask: golden(name, 'mask').values, classWeights: Float32Array.from(classWeights) },
    );
    expect(relativeError([result.loss], golden(name, 'loss').values)).toBeLessThan(TOLERANCE);
    expect(relativeError(result.statistics, golden(name, 'statistics').values)).toBeLessThan(TOLERANCE);
    const expected = golden(name, 'gradient').values;
    expect(result.gradient.length).toBe(expected.length);
    // A tensor whose gradient is 0 by construction is judged against the size of the whole gradient.
    const floor = 0.01 * expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    for (const { name: tensor, offset, size: floats } of network.layout.parameters) {
      const part = (all: Float32Array): Float32Array => all.subarray(offset, offset + floats);
      expect(relativeError(part(result.gradient), part(expected), floor), tensor).toBeLessThan(
        GRADIENT_TOLERANCE,
      );
    }
  });

  it('in evaluation, with fixed statistics', () => {
    const statistics = golden(name, 'statistics').values;
    const logits = networkPredictions(network, { parameters, statistics }, { images: images.values, shape });
    expect(relativeError(logits, golden(name, 'evaluation logits').values)).toBeLessThan(TOLERANCE);
  });
});

/** Euclidean length; the arguments of `Math.hypot` have a limit. */
const lengthOf = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe.each(['resnet3d-small', 'densenet3d-small', 'mc3-small'] as const)('%s', (baseline) => {
  const network = networkOf({ kind: 'baseline', baseline, classes: CLASSES });
  const { layout } = network;
  const shape = [4, 5, 18, 20] as const;
  const batch: Batch = {
    images: randomFloats(size(shape), 'images'),
    shape,
    labels: Int32Array.of(0, 1, 2, 0),
  };
  const parameters = initialiseParameters(layout, 3);

  it('has the gradient that differences show, along random directions', () => {
    const { gradient } = networkGradient(network, parameters, batch);
    const length = lengthOf(gradient);
    for (let turn = 0; turn < 6; turn++) {
      const direction = randomFloats(layout.parameterCount, `${baseline} ${turn}`);
      const norm = lengthOf(direction);
      const step = 2e-3;
      const lossAt = (sign: number): number =>
        networkGradient(
          network,
          parameters.map((value, i) => value + (sign * step * direction[i]!) / norm),
          batch,
        ).loss;
      const numeric = (lossAt(1) - lossAt(-1)) / (2 * step);
      const analytic = direction.reduce((sum, value, i) => sum + (value / norm) * gradient[i]!, 0);
      expect(Math.abs(numeric - analytic), `numeric ${numeric}, analytic ${analytic}`).toBeLessThan(
        2e-3 * length,
      );
    }
  });

  it('computes equal bits each time, and leaves no tensor behind', () => {
    const statistics = initialStatistics(layout);
    const work = (): unknown => ({
      ...networkGradient(network, parameters, batch),
      logits: networkPredictions(network, { parameters, statistics }, batch),
    });
    const first = work();
    const before = liveTensors();
    expect(work()).toEqual(first);
    expect(liveTensors()).toBe(before);
  });

  it('learns the batch when its gradients are followed', () => {
    const weights = parameters.slice();
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) {
      const { loss, gradient } = networkGradient(network, weights, batch);
      losses.push(loss);
      gradient.forEach((value, i) => (weights[i]! -= 0.05 * value));
    }
    expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
  });
});
