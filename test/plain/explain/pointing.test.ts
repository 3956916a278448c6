import { describe, expect, it } from 'vitest';
import type { Volume } from '#emars/explain/class-activation.js';
import { classActivationMap, contrasted } from '#emars/explain/class-activation.js';
import { pointing, summarisePointing } from '#emars/explain/pointing.js';

const map: Volume = { shape: [1, 2, 4], values: Float32Array.of(0, 3, 0, 0, 1, -9, 0, 0) };
const none = [0, 0, 0] as const;

describe('the pointing game', () => {
  it('is hit where the largest value lies on the mark, and says which share of the evidence does', () => {
    expect(pointing(map, [0, 1, 0, 0, 0, 0, 0, 0], none)).toEqual({
      hit: true,
      exact: true,
      massInside: 0.75,
      lesionShare: 1 / 8,
    });
    expect(pointing(map, [0, 0, 0, 0, 1, 1, 0, 0], none)).toMatchObject({ hit: false, massInside: 0.25 });
  });

  it('forgives as many whole voxels along each axis as the margin has', () => {
    const beside = [0, 0, 0, 1, 0, 0, 0, 0];
    for (const [margin, hit] of [
      [[0, 0, 1.9], false],
      [[0, 0, 2], true],
      [[2, 2, 1], false],
    ] as const)
      expect(pointing(map, beside, margin)).toMatchObject({ hit, exact: false });
  });

  it('is not played without a mark', () => {
    expect(pointing(map, new Array<number>(8).fill(0), none)).toBeNull();
    expect(() => pointing(map, [1], none)).toThrow(RangeError);
  });

  it('is summed up by counts and means', () => {
    const one = { hit: true, exact: false, massInside: 0.5, lesionShare: 0.1 };
    expect(summarisePointing([one, { ...one, hit: false, massInside: null, lesionShare: 0.3 }])).toEqual({
      scans: 2,
      hits: 1,
      exact: 0,
      hitRate: 0.5,
      massInside: 0.5,
      lesionShare: 0.2,
    });
    expect(summarisePointing([])).toMatchObject({ scans: 0, hitRate: null, massInside: null });
  });
});

describe('contrasted weights', () => {
  it('are what differs between classes: adding the same to all of them changes no map', () => {
    const weight = Float32Array.of(1, 2, 6, -1, 0, 4);
    expect([...contrasted(weight, 3)]).toEqual([-2, -1, 3, -2, -1, 3]);
    const shifted = weight.map((value, i) => value + (i < 3 ? 100 : -7));
    const features = { shape: [1, 1, 2, 2] as const, values: Float32Array.of(1, 2, 3, 4) };
    const mapOf = (weights: Float32Array): number[] => [
      ...classActivationMap(features, contrasted(weights, 3), 1).values,
    ];
    expect(mapOf(shifted)).toEqual(mapOf(weight));
    expect(() => contrasted(weight, 4)).toThrow(RangeError);
  });
});
