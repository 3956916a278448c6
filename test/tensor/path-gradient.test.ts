import './support/one-thread.js';
import { expect, it } from 'vitest';
import { firstNonFinite } from '#emars/gradient/chunks.js';
import { initialiseParameters } from '#emars/network/initialise.js';
import type { Subnet } from '#emars/network/supernet.js';
import { generator } from '#emars/random/generator.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { SearchSpace } from '#emars/space/space.js';
import { sampleGenome } from '#emars/space/variation.js';
import { liveTensors } from '#emars/tensor/scope.js';
import type { Batch } from '#emars/training/batch.js';
import type { LossOptions } from '#emars/training/backward.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { predict } from '#emars/training/predict.js';
import { recalibrate } from '#emars/training/recalibrate.js';
import { describeBoth } from './support/kernels.js';
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
const net = superNetOf(space);
const { layout } = net;
const shape = [4, 6, 10, 8] as const;
const batch: Batch = {
  images: randomFloats(size(shape), 'images'),
  shape,
  labels: Int32Array.of(0, 1, 2, 0),
};
const options: LossOptions & { readonly dropoutMask: Float32Array } = {
  dropoutMask: Float32Array.from({ length: 4 * 12 }, (_, i) => (i % 3 === 0 ? 0 : 1.5)),
  classWeights: Float32Array.of(0.5, 1, 2),
};
const path = resolvePath(net, ['mb_k3_e2', 'mb_k7_e1', 'mb_k5_e2']);
const parameters = initialiseParameters(layout, 3);
const weighted: Subnet = { net, path, parameters };

describeBoth('the gradient of a path', (kernels) => {
  const subnet = { ...weighted, kernels };
  it('is the slope that differences show, tensor by tensor', () => {
    const { gradient } = pathGradient(subnet, batch, options);
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
        return pathGradient({ ...subnet, parameters: moved }, batch, options).loss;
      };
      const numeric = (lossAt(1) - lossAt(-1)) / (2 * step);
      const analytic = direction.reduce((sum, value, i) => sum + (value / norm) * gradient[start + i]!, 0);
      expect(Math.abs(numeric - analytic), `${name}: numeric ${numeric}, analytic ${analytic}`).toBeLessThan(
        2e-3 * length,
      );
      start += floats;
    }
  });

  it('reads the weights from shared memory', () => {
    const shared = new Float32Array(new SharedArrayBuffer(parameters.byteLength));
    shared.set(parameters);
    const there = pathGradient({ ...subnet, parameters: shared }, batch, options);
    expect(there).toEqual(pathGradient(subnet, batch, options));
  });

  it('changes no weight, image or mask, nor the vector past its end', () => {
    const shared = new Float32Array(new SharedArrayBuffer(parameters.byteLength));
    shared.set(parameters);
    const given = [shared, batch.images, batch.labels, options.dropoutMask];
    const before = given.map((values) => Array.from(values));
    const vector = new Float32Array(path.vectorLength + 5).fill(7);
    pathGradient({ ...subnet, parameters: shared }, batch, options, vector);
    expect(given.map((values) => Array.from(values))).toEqual(before);
    expect([...vector.subarray(path.vectorLength)]).toEqual([7, 7, 7, 7, 7]);
  });

  it('fills the vector it is given: the gradient, then the statistics', () => {
    const vector = new Float32Array(path.vectorLength).fill(NaN);
    pathGradient(subnet, batch, options, vector);
    const { gradient, statistics } = pathGradient(subnet, batch, options);
    expect([...vector]).toEqual([...gradient, ...statistics]);
  });

  it('of a large batch is the mean of its micro-batches’ when each normalises the same', () => {
    // The same four scans twice: batch statistics are equal, so nothing but the averaging is tested.
    const twice: Batch = {
      shape: [8, 6, 10, 8],
      images: Float32Array.of(...batch.images, ...batch.images),
      labels: Int32Array.of(...batch.labels, ...batch.labels),
    };
    const mask = Float32Array.of(...options.dropoutMask, ...options.dropoutMask);
    const once = pathGradient(subnet, batch, options);
    const both = pathGradient(subnet, twice, { ...options, dropoutMask: mask });
    expect(both.loss).toBeCloseTo(once.loss, 5);
    expect(relativeError(both.gradient, once.gradient)).toBeLessThan(1e-4);
  });

  it('shows divergence in the vector: somewhere it is not finite', () => {
    const firstBad = (diverging: Subnet, images: Float32Array): number => {
      const vector = new Float32Array(path.vectorLength);
      pathGradient(diverging, { ...batch, images }, options, vector);
      return firstNonFinite(vector);
    };
    const broken = parameters.slice();
    broken[layout.parameters[layout.head.weight]!.offset] = NaN;
    expect(firstBad({ ...subnet, parameters: broken }, batch.images)).toBeGreaterThanOrEqual(0);
    expect(
      firstBad(
        subnet,
        batch.images.map(() => Infinity),
      ),
    ).toBeGreaterThanOrEqual(0);
    expect(firstBad(subnet, batch.images)).toBe(-1);
  });

  it('refuses arguments that do not fit, and leaks nothing then', () => {
    pathGradient(subnet, batch, options);
    const before = liveTensors();
    expect(() => pathGradient({ ...subnet, parameters: parameters.subarray(1) }, batch)).toThrow(
      /expected the 15019 parameters of the net, got 15018/,
    );
    expect(() => pathGradient(subnet, { ...batch, labels: Int32Array.of(0, 1, 2, 3) })).toThrow(
      /labels from 0 to 2, got 3/,
    );
    expect(() => pathGradient(subnet, { ...batch, images: batch.images.subarray(1) })).toThrow(
      /expected 1920 values for images \[4, 6, 10, 8\], got 1919/,
    );
    expect(() => pathGradient(subnet, batch, { dropoutMask: new Float32Array(3) })).toThrow();
    expect(liveTensors()).toBe(before);
  });
});

describeBoth('an epoch of steps', (kernels) => {
  const subnet = { ...weighted, kernels };
  it('leaves no tensor behind', () => {
    const subnets = Array.from({ length: 12 }, (_, i): Subnet => {
      return { ...subnet, path: resolvePath(net, sampleGenome(space, generator(5, 'epoch', i))) };
    });
    const work = (): void => {
      for (const each of subnets) {
        pathGradient(each, batch, options);
        predict(each, recalibrate(each, [batch, batch]), batch);
      }
    };
    work(); // Fills the cache of shape vectors.
    const before = liveTensors();
    work();
    expect(liveTensors()).toBe(before);
  });

  it('lowers the loss when its gradients are followed', () => {
    const weights = parameters.slice();
    const losses: number[] = [];
    for (let step = 0; step < 25; step++) {
      const { loss, gradient } = pathGradient({ ...subnet, parameters: weights }, batch);
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
