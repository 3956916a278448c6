import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '#emars/report/interval.js';

describe('the interval of an accuracy', () => {
  // Computed apart, in Python, by the centre and half-width form of the interval.
  it.each([
    [9, 10, 0.5958499732047615, 0.9821237869049271],
    [0, 5, 0, 0.43448246478317476],
    [50, 100, 0.4038315303659956, 0.5961684696340044],
  ])('%i of %i is that of Wilson', (correct, total, low, high) => {
    const [below, above] = wilsonInterval(correct, total);
    expect(below).toBeCloseTo(low, 9);
    expect(above).toBeCloseTo(high, 9);
  });

  it('stays within 0 and 1, and around the share', () => {
    for (const total of [1, 2, 7, 1000])
      for (const correct of [0, 1, total]) {
        const [low, high] = wilsonInterval(correct, total);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(correct / total);
        expect(high).toBeGreaterThanOrEqual(correct / total);
      }
  });

  it('refuses what is no share', () => {
    expect(() => wilsonInterval(1, 0)).toThrow(RangeError);
    expect(() => wilsonInterval(3, 2)).toThrow(/3 of 2/);
  });
});
