import { describe, expect, it } from 'vitest';
import {
  dasDennis,
  dasDennisCount,
  smallestPartitions,
  twoLayers,
} from '#emars/evolution/nsga3/reference-directions.js';

describe('reference directions', () => {
  // Deb & Jain 2014, Table I: M, p → H.
  it.each([
    [3, 12, 91],
    [5, 6, 210],
    [8, 3, 120],
    [8, 2, 36],
    [10, 3, 220],
    [10, 2, 55],
    [15, 2, 120],
    [15, 1, 15],
    [2, 4, 5],
    [1, 7, 1],
  ])('for %i objectives and %i partitions are the published %i', (objectives, partitions, count) => {
    const points = dasDennis(objectives, partitions);
    expect(points).toHaveLength(count);
    expect(dasDennisCount(objectives, partitions)).toBe(count);
    expect(new Set(points.map((point) => point.join())).size).toBe(count);
    for (const point of points) {
      expect(point.every((coordinate) => coordinate >= 0 && coordinate <= 1)).toBe(true);
      expect(point.reduce((sum, coordinate) => sum + coordinate, 0)).toBeCloseTo(1, 12);
    }
  });

  it('number 50,388 for 8 objectives and 12 partitions', () => {
    expect(dasDennisCount(8, 12)).toBe(50_388);
    expect(dasDennis(8, 12)).toHaveLength(50_388);
  });

  it.each([
    [8, 3, 2, 156],
    [10, 3, 2, 275],
    [15, 2, 1, 135],
  ])(
    'in two layers for %i objectives (%i and %i partitions) are the published %i',
    (objectives, outer, inner, count) => {
      expect(twoLayers(objectives, outer, inner)).toHaveLength(count);
    },
  );

  it('have an inner layer of half the size about the centre', () => {
    expect(twoLayers(2, 1, 1)).toEqual([
      [0, 1],
      [1, 0],
      [0.25, 0.75],
      [0.75, 0.25],
    ]);
  });

  it('ascend lexicographically', () => {
    expect(dasDennis(3, 2)).toEqual([
      [0, 0, 1],
      [0, 0.5, 0.5],
      [0, 1, 0],
      [0.5, 0, 0.5],
      [0.5, 0.5, 0],
      [1, 0, 0],
    ]);
  });

  it('use the smallest number of partitions with enough lines', () => {
    // Three objectives: p = 3 gives 10, p = 4 gives 15, p = 5 gives 21.
    expect([1, 3, 4, 10, 11, 15, 16].map((lines) => smallestPartitions(3, lines))).toEqual([
      1, 1, 2, 3, 4, 4, 5,
    ]);
    expect(smallestPartitions(2, 10)).toBe(9);
    expect(smallestPartitions(1, 10)).toBe(1);
  });

  it('are refused when there would be too many', () => {
    expect(() => dasDennis(20, 20)).toThrow(/partitions: 20 partitions of 20 objectives/);
    expect(() => dasDennis(3, 0)).toThrow(/partitions: expected an integer of at least 1, got 0/);
  });
});
