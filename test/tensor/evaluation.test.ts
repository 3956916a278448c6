import './support/one-thread.js';
import { expect, it } from 'vitest';
import { initialiseParameters, initialStatistics } from '#emars/network/initialise.js';
import { gatherTensors, superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { SearchSpace } from '#emars/space/space.js';
import type { ImageBatch } from '#emars/training/batch.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { predict, predictTransductive } from '#emars/training/predict.js';
import { recalibrate } from '#emars/training/recalibrate.js';
import { describeBoth } from './support/kernels.js';
import { randomFloats, relativeError, size } from './support/numbers.js';

const space: SearchSpace = {
  stem: 16,
  widths: [12, 20, 40],
  strides: [2, 2, 2],
  blocks: [1, 1, 1],
  operations: ['mb_k3_e3', 'mb_k7_e4', 'skip'],
  head: 160,
  classes: 3,
};
const net = superNetOf(space);
const { layout } = net;
const path = resolvePath(net, ['mb_k3_e3', 'mb_k7_e4', 'skip']);
const weighted = { net, path, parameters: initialiseParameters(layout, 1) };
const scan = [16, 32, 32] as const;
const scanFloats = size(scan);
const scans = randomFloats(13 * scanFloats, 'scans');
const calibration = [0, 1].map((i) => ({
  images: randomFloats(8 * scanFloats, `calibration ${i}`),
  shape: [8, ...scan] as const,
}));

/** Scans in the given order. */
function images(order: readonly number[]): ImageBatch {
  const values = new Float32Array(order.length * scanFloats);
  order.forEach((index, place) =>
    values.set(scans.subarray(index * scanFloats, (index + 1) * scanFloats), place * scanFloats),
  );
  return { images: values, shape: [order.length, ...scan] };
}

describeBoth('recalibration', (kernels) => {
  const subnet = { ...weighted, kernels };
  it('averages the batches’ means and unbiased variances', () => {
    const each = calibration.map(
      (batch) => pathGradient(subnet, { ...batch, labels: new Int32Array(8) }).statistics,
    );
    const expected = each[0]!.map((value, i) => (value + each[1]![i]!) / 2);
    const statistics = recalibrate(subnet, calibration);
    expect(statistics.length).toBe(path.statisticCount);
    expect(relativeError(statistics, expected)).toBeLessThan(1e-6);
  });

  it('refuses to work without a batch', () => {
    expect(() => recalibrate(subnet, [])).toThrow(/at least one batch/);
  });
});

describeBoth('a prediction with fixed statistics', (kernels) => {
  const subnet = { ...weighted, kernels };
  const statistics = recalibrate(subnet, calibration);
  const logitsOf = (order: readonly number[]): Map<number, number[]> => {
    const logits = predict(subnet, statistics, images(order));
    return new Map(order.map((index, place) => [index, [...logits.subarray(place * 3, place * 3 + 3)]]));
  };

  it('has the same bits whatever scans stand beside it, in whatever order and number', () => {
    const alone = new Map(Array.from({ length: 13 }, (_, i) => [...logitsOf([i])][0]!));
    for (const order of [
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
      [12, 3, 5, 1, 0, 9, 8, 2, 4, 6, 7, 11, 10],
      [5, 2, 11],
      [7, 1, 0, 3, 12, 4, 9, 10],
    ]) {
      for (const [index, logits] of logitsOf(order))
        expect(logits, `scan ${index} in ${order.join(', ')}`).toEqual(alone.get(index));
    }
  });

  it('refuses statistics of another path', () => {
    expect(() => predict(subnet, statistics.subarray(1), images([0]))).toThrow(/statistics of the path/);
  });
});

describeBoth('the other ways of batch norm', (kernels) => {
  const subnet = { ...weighted, kernels };
  it('running: the path’s share of the SuperNet’s statistics', () => {
    const running = gatherTensors(layout.statistics, path.statistics, initialStatistics(layout));
    expect(running.length).toBe(path.statisticCount);
    expect(predict(subnet, running, images([0, 1])).every(Number.isFinite)).toBe(true);
  });

  it('batch: normalises by the scans at hand, so neighbours do matter', () => {
    const first = predictTransductive(subnet, images([0, 1, 2])).slice(0, 3);
    const second = predictTransductive(subnet, images([0, 4, 5])).slice(0, 3);
    expect([...first]).not.toEqual([...second]);
  });
});
