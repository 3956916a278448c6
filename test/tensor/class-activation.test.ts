import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import { classActivationMap } from '#emars/explain/class-activation.js';
import type { Architecture } from '#emars/network/architecture.js';
import { networkOf } from '#emars/network/architecture.js';
import { initialiseParameters, initialStatistics } from '#emars/network/initialise.js';
import { networkFeatures, networkPredictions } from '#emars/training/network-gradient.js';
import { randomFloats } from './support/numbers.js';

const path: Architecture = {
  kind: 'path',
  space: {
    stem: 4,
    widths: [6, 8],
    strides: [2, 2],
    blocks: [1, 1],
    operations: ['mb_k3_e2', 'skip'],
    head: 12,
    classes: 3,
  },
  genome: ['mb_k3_e2', 'skip'],
};
const small = (['resnet3d-small', 'densenet3d-small', 'mc3-small'] as const).map(
  (baseline): [string, Architecture] => [baseline, { kind: 'baseline', baseline, classes: 3 }],
);
const shape = [6, 34, 38] as const;
const voxels = shape[0] * shape[1] * shape[2];

describe.each<[string, Architecture]>([['a path', path], ...small])('the maps of %s', (_, architecture) => {
  const network = networkOf(architecture);
  const { layout } = network;
  const weights = { parameters: initialiseParameters(layout, 5), statistics: initialStatistics(layout) };
  const tensor = (index: number): Float32Array => {
    const { offset, size } = layout.parameters[index]!;
    return weights.parameters.subarray(offset, offset + size);
  };

  it('have the logits as their means, less the bias', () => {
    const image = randomFloats(voxels, 'scan');
    const features = networkFeatures(network, weights, image, shape);
    const logits = networkPredictions(network, weights, { images: image, shape: [1, ...shape] });
    for (let column = 0; column < 3; column++) {
      const { values } = classActivationMap(features, tensor(layout.classifier.weight), column);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean + tensor(layout.classifier.bias)[column]!).toBeCloseTo(logits[column]!, 4);
    }
  });
});
