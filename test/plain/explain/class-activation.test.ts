import { describe, expect, it } from 'vitest';
import type { Volume } from '#emars/explain/class-activation.js';
import {
  classActivationMap,
  evidence,
  massInside,
  peak,
  sliceScores,
} from '#emars/explain/class-activation.js';
import type { FeatureGrid } from '#emars/explain/upsample.js';
import { upsample } from '#emars/explain/upsample.js';

const volume = (shape: Volume['shape'], values: readonly number[]): Volume => ({
  shape,
  values: Float32Array.from(values),
});
const grid = (stride: number, offset = 0): FeatureGrid => [
  { stride, offset },
  { stride, offset },
  { stride, offset },
];

describe('a class activation map', () => {
  // Two positions of two channels; classifier rows are channels.
  const features = { shape: [1, 1, 2, 2] as const, values: Float32Array.of(1, 2, 3, 4) };
  const weight = Float32Array.of(1, -1, 0.5, 2);

  it('weighs each position’s channels by the classifier', () => {
    expect([...classActivationMap(features, weight, 0).values]).toEqual([1 + 1, 3 + 2]);
    expect([...classActivationMap(features, weight, 1).values]).toEqual([-1 + 4, -3 + 8]);
  });

  it('refuses what does not fit', () => {
    expect(() => classActivationMap(features, weight, 2)).toThrow('class from 0 to 1, got 2');
    expect(() => classActivationMap(features, weight.subarray(1), 0)).toThrow('rows of 2, got 3');
    expect(() => classActivationMap({ ...features, shape: [1, 1, 3, 2] }, weight, 0)).toThrow('expected 6');
  });

  it('as evidence lies in 0 … 1, and is 0 where nothing speaks for the class', () => {
    expect([...evidence(volume([1, 1, 4], [-6, -3, 1, 4])).values]).toEqual([0, 0, 0.25, 1]);
    expect([...evidence(volume([1, 1, 2], [-2, -1])).values]).toEqual([0, 0]);
  });

  it('as evidence is what lies above the mean of what the network saw', () => {
    expect([...evidence(volume([1, 1, 4], [10, 12, 11, 15])).values]).toEqual([0, 0, 0, 1]);
    // The same beside positions that it did not see, which are 0.
    expect([...evidence(volume([1, 1, 6], [0, 10, 12, 11, 15, 0])).values]).toEqual([0, 0, 0, 0, 1, 0]);
    expect(massInside(volume([1, 1, 4], [10, 12, 13, 9]), [0, 1, 0, 0])).toBe(1 / 3);
  });

  it('has a score a slice and a peak', () => {
    const map = volume([2, 1, 2], [1, 3, 0, 8]);
    expect([...sliceScores(map)]).toEqual([2, 4]);
    expect(peak(map)).toEqual([1, 0, 1]);
    expect(peak(volume([2, 2, 2], [0, 0, 0, 5, 5, 0, 0, 0]))).toEqual([0, 1, 1]);
  });

  it('has its mass inside a lesion, where there is mass', () => {
    expect(massInside(volume([1, 1, 4], [3, -9, 1, 0]), [1, 1, 0, 0])).toBe(0.75);
    expect(massInside(volume([1, 1, 2], [-1, 0]), [1, 1])).toBeNull();
    expect(() => massInside(volume([1, 1, 2], [1, 0]), [1])).toThrow('mask of 2 voxels, got 1');
  });
});

describe('a map brought to the voxels', () => {
  it('has its features at stride times their index, straight lines between, and the last one beyond', () => {
    const { values } = upsample(volume([1, 1, 2], [0, 4]), grid(4), [1, 1, 8]);
    expect([...values]).toEqual([0, 1, 2, 3, 4, 4, 4, 4]);
  });

  it('is moved by an offset', () => {
    const { values } = upsample(volume([1, 1, 2], [0, 4]), grid(4, 2), [1, 1, 8]);
    expect([...values]).toEqual([0, 0, 0, 1, 2, 3, 4, 4]);
  });

  it('is the same map at stride 1, and the product of lines along the axes', () => {
    const map = volume([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
    expect(upsample(map, grid(1), [2, 2, 2])).toEqual(map);
    // A map that is linear in each index stays linear: value 1 + 4 d + 2 h + w at half steps.
    const { values } = upsample(map, grid(2), [3, 3, 3]);
    const expected = [0, 0.5, 1].flatMap((d) =>
      [0, 0.5, 1].flatMap((h) => [0, 0.5, 1].map((w) => 1 + 4 * d + 2 * h + w)),
    );
    expect([...values]).toEqual(expected);
  });

  it('refuses a stride of 0', () => {
    expect(() => upsample(volume([1, 1, 1], [1]), grid(0), [1, 1, 1])).toThrow('stride above 0');
  });
});
