import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import { networkOf, withClasses } from '#emars/network/architecture.js';
import { initialiseParameters, initialStatistics } from '#emars/network/initialise.js';
import type { Genome } from '#emars/space/genome.js';
import { gatherTensors, superNetLayout } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { SearchSpace } from '#emars/space/space.js';
import { networkGradient, networkPredictions } from '#emars/training/network-gradient.js';
import type { Batch } from '#emars/training/batch.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { predict } from '#emars/training/predict.js';
import { randomFloats, size } from './support/numbers.js';

const space: SearchSpace = {
  stem: 4,
  widths: [6, 8],
  strides: [2, 2],
  blocks: [2, 1],
  operations: ['mb_k3_e2', 'mb_k5_e2', 'mb_k7_e1', 'skip'],
  head: 12,
  classes: 3,
};
const genome: Genome = ['mb_k3_e2', 'skip', 'mb_k5_e2'];
const layout = superNetLayout(space);
const path = resolvePath({ space, layout }, genome);
const network = networkOf({ kind: 'path', space, genome });
const shape = [3, 6, 10, 8] as const;
const batch: Batch = {
  images: randomFloats(size(shape), 'images'),
  shape,
  labels: Int32Array.of(0, 1, 2),
};
const dropoutMask = Float32Array.from({ length: 3 * 12 }, (_, i) => (i % 3 === 0 ? 0 : 1.5));
const shared = initialiseParameters(layout, 3);
const subnet = { net: { space, layout }, path, parameters: shared };

describe('a path taken out of its SuperNet', () => {
  const parameters = gatherTensors(layout.parameters, path.parameters, shared);
  const statistics = gatherTensors(layout.statistics, path.statistics, initialStatistics(layout));

  it('has the path’s tensors, first weights included', () => {
    expect(network.layout.parameterCount).toBe(path.parameterCount);
    expect(network.layout.parameters.map(({ name }) => name)).toEqual(
      path.parameters.map((index) => layout.parameters[index]!.name),
    );
    expect(initialiseParameters(network.layout, 3)).toEqual(parameters);
  });

  it('computes the path’s loss, gradient and statistics, bit for bit', () => {
    const inside = pathGradient(subnet, batch, { dropoutMask });
    const alone = networkGradient(network, parameters, batch, { dropoutMask });
    expect(alone.loss).toBe(inside.loss);
    expect(alone.gradient).toEqual(inside.gradient);
    expect(alone.statistics).toEqual(inside.statistics);
  });

  it('computes the path’s logits, bit for bit', () => {
    const inside = predict(subnet, statistics, batch);
    expect(networkPredictions(network, { parameters, statistics }, batch)).toEqual(inside);
  });

  it('refuses vectors of another length', () => {
    expect(() => networkGradient(network, shared, batch)).toThrow(
      `expected the ${path.parameterCount} parameters of the network, got ${layout.parameterCount}`,
    );
  });
});

it('an architecture keeps all but its classifier for other classes', () => {
  const other = networkOf(withClasses({ kind: 'path', space, genome }, 5));
  const difference = other.layout.parameterCount - network.layout.parameterCount;
  expect(difference).toBe(2 * (12 + 1));
  expect(withClasses({ kind: 'baseline', baseline: 'mc3-18', classes: 3 }, 2)).toEqual({
    kind: 'baseline',
    baseline: 'mc3-18',
    classes: 2,
  });
});
