import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import { initialiseParameters } from '#emars/network/initialise.js';
import { generator } from '#emars/random/generator.js';
import type { Genome } from '#emars/space/genome.js';
import { pathLayout, superNetLayout } from '#emars/space/layout.js';
import type { SearchSpace } from '#emars/space/space.js';
import { sampleGenome } from '#emars/space/variation.js';
import { liveTensors } from '#emars/tensor/scope.js';
import type { TrainingBatch } from '#emars/training/path-gradient.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { recalibrate } from '#emars/training/recalibrate.js';
import { predict } from '#emars/training/predict.js';
import { randomFloats, relativeError, size } from './support/numbers.js';

const space: SearchSpace = {
  stem: 4,
  widths: [6, 8],
  strides: [2, 2],
  blocks: [2, 1],
  operations: ['mb_k3_e2', 'mb_k5_e2', 'mb_k7_e1', 'skip'],
  head: 12,
  classes: 3,
};
const layout = superNetLayout(space);
const net = { space, layout };
const shape = [4, 6, 10, 8] as const;
const batch: TrainingBatch = {
  images: randomFloats(size(shape), 'images'),
  shape,
  labels: Int32Array.of(0, 1, 2, 0),
  dropoutMask: Float32Array.from({ length: 4 * 12 }, (_, i) => (i % 3 === 0 ? 0 : 1.5)),
  classWeights: Float32Array.of(0.5, 1, 2),
};
const genome: Genome = ['mb_k3_e2', 'mb_k7_e1', 'mb_k5_e2'];
const parameters = initialiseParameters(layout, 3);

describe('the gradient of a path', () => {
  it('is the slope that differences show, tensor by tensor', () => {
    const path = pathLayout(layout, space, genome);
    const { gradient } = pathGradient(net, genome, parameters, batch);
    const length = Math.hypot(...gradient);
    let start = 0;
    for (const index of path.parameters) {
      const { name, offset, size: floats } = layout.parameters[index]!;
      const direction = randomFloats(floats, name);
      const norm = Math.hypot(...direction);
      const step = 2e-3;
      const lossAt = (sign: number): number => {
        const moved = parameters.slice();
        direction.forEach((value, i) => (moved[offset + i]! += (sign * step * value) / norm));
        return pathGradient(net, genome, moved, batch).loss;
      };
      const numeric = (lossAt(1) - lossAt(-1)) / (2 * step);
      const analytic = direction.reduce((sum, value, i) => sum + (value / norm) * gradient[start + i]!, 0);
      expect(Math.abs(numeric - analytic), `${name}: numeric ${numeric}, analytic ${analytic}`).toBeLessThan(
        2e-3 * length,
      );
      start += floats;
    }
  });

  it('reads the weights from shared memory, and changes none', () => {
    const shared = new Float32Array(new SharedArrayBuffer(parameters.byteLength));
    shared.set(parameters);
    const here = pathGradient(net, genome, parameters, batch);
    const there = pathGradient(net, genome, shared, batch);
    expect(there).toEqual(here);
    expect(shared).toEqual(new Float32Array(shared));
    expect([...shared]).toEqual([...parameters]);
  });

  it('of a large batch is the mean of its micro-batches’ when each normalises the same', () => {
    // The same four scans twice: batch statistics are equal, so nothing but the averaging is tested.
    const twice: TrainingBatch = {
      ...batch,
      shape: [8, 6, 10, 8],
      images: Float32Array.of(...batch.images, ...batch.images),
      labels: Int32Array.of(...batch.labels, ...batch.labels),
      dropoutMask: Float32Array.of(...batch.dropoutMask!, ...batch.dropoutMask!),
    };
    const once = pathGradient(net, genome, parameters, batch);
    const both = pathGradient(net, genome, parameters, twice);
    expect(both.loss).toBeCloseTo(once.loss, 5);
    expect(both.correct).toBe(2 * once.correct);
    expect(relativeError(both.gradient, once.gradient)).toBeLessThan(1e-4);
  });

  it('reports divergence as a flag', () => {
    const broken = parameters.slice();
    broken[layout.parameters[layout.head.weight]!.offset] = NaN;
    expect(pathGradient(net, genome, broken, batch).finite).toBe(false);
    expect(
      pathGradient(net, genome, parameters, { ...batch, images: batch.images.map(() => Infinity) }).finite,
    ).toBe(false);
    expect(pathGradient(net, genome, parameters, batch).finite).toBe(true);
  });

  it('refuses arguments that do not fit, and leaks nothing then', () => {
    pathGradient(net, genome, parameters, batch);
    const before = liveTensors();
    expect(() => pathGradient(net, genome, parameters.subarray(1), batch)).toThrow(
      /parameters of the SuperNet/,
    );
    expect(() =>
      pathGradient(net, genome, parameters, { ...batch, labels: Int32Array.of(0, 1, 2, 3) }),
    ).toThrow(/labels from 0 to 2, got 3/);
    expect(() =>
      pathGradient(net, genome, parameters, { ...batch, images: batch.images.subarray(1) }),
    ).toThrow(/expected 1920 values for images \[4, 6, 10, 8\], got 1919/);
    expect(() =>
      pathGradient(net, genome, parameters, { ...batch, dropoutMask: new Float32Array(3) }),
    ).toThrow();
    expect(() => pathGradient(net, ['skip'], parameters, batch)).toThrow(/genome of 3 operations/);
    expect(liveTensors()).toBe(before);
  });
});

describe('an epoch of steps', () => {
  it('leaves no tensor behind', () => {
    const genomes = Array.from({ length: 12 }, (_, i) => sampleGenome(space, generator(5, 'epoch', i)));
    const work = (): void => {
      for (const each of genomes) {
        pathGradient(net, each, parameters, batch);
        const statistics = recalibrate(net, each, parameters, [batch, batch]);
        predict(net, each, parameters, statistics, batch.images, shape);
      }
    };
    work(); // Fills the cache of shape vectors.
    const before = liveTensors();
    work();
    expect(liveTensors()).toBe(before);
  });

  it('lowers the loss when its gradients are followed', () => {
    const weights = parameters.slice();
    const path = pathLayout(layout, space, genome);
    const losses: number[] = [];
    for (let step = 0; step < 25; step++) {
      const { loss, gradient } = pathGradient(net, genome, weights, {
        images: batch.images,
        shape,
        labels: batch.labels,
      });
      losses.push(loss);
      let start = 0;
      for (const index of path.parameters) {
        const { offset, size: floats } = layout.parameters[index]!;
        for (let i = 0; i < floats; i++) weights[offset + i]! -= 0.1 * gradient[start + i]!;
        start += floats;
      }
    }
    expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
  });
});
