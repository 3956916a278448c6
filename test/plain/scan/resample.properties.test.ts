/** What holds of every resampling, whatever the sizes and values. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import { depthIndices } from '#emars/scan/store/resample.js';
import { holds } from '../property.js';
import { resizeSlices } from './resize-slices.js';

const side = fc.integer({ min: 1, max: 24 });
/** A slice `[height, width]` with values of a normalised scan, 0…1. */
const slice = fc.tuple(side, side).chain(([height, width]) =>
  fc.record({
    height: fc.constant(height),
    width: fc.constant(width),
    data: fc
      .array(fc.float({ min: 0, max: 1, noNaN: true }), {
        minLength: height * width,
        maxLength: height * width,
      })
      .map((values) => Float32Array.from(values)),
  }),
);

const least = (values: Float32Array): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const most = (values: Float32Array): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
const farthest = (a: Float32Array, b: Float32Array): number =>
  a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);

/** Left and right exchanged. */
function mirrored(data: Float32Array, width: number): Float32Array {
  return data.map((_, i) => data[i - (i % width) + (width - 1 - (i % width))]!);
}

describe('every slice that is resized', () => {
  it('stays between its lowest and highest value', () => {
    holds(
      fc.property(slice, side, ({ height, width, data }, size) => {
        const out = resizeSlices(data, [1, height, width], size);
        expect(out).toHaveLength(size * size);
        expect(least(out)).toBeGreaterThanOrEqual(least(data) - 1e-6);
        expect(most(out)).toBeLessThanOrEqual(most(data) + 1e-6);
      }),
    );
  });

  it('is unchanged at its own size, to the bit', () => {
    holds(
      fc.property(side, fc.nat(), (size, seed) => {
        const random = generator(seed, 'slice');
        const data = Float32Array.from({ length: size * size }, () => random.uniform());
        expect(resizeSlices(data, [1, size, size], size)).toEqual(data);
      }),
    );
  });

  it('mirrored before is as mirrored after', () => {
    holds(
      fc.property(slice, side, ({ height, width, data }, size) => {
        const before = resizeSlices(mirrored(data, width), [1, height, width], size);
        const after = mirrored(resizeSlices(data, [1, height, width], size), size);
        expect(farthest(before, after)).toBeLessThan(1e-6);
      }),
    );
  });

  it('is the same alone and in a volume', () => {
    holds(
      fc.property(slice, side, ({ height, width, data }, size) => {
        const volume = new Float32Array(2 * data.length);
        volume.set(data, data.length);
        const alone = resizeSlices(data, [1, height, width], size);
        expect(resizeSlices(volume, [2, height, width], size).subarray(size * size)).toEqual(alone);
      }),
    );
  });
});

describe('every choice of slices', () => {
  const count = fc.integer({ min: 1, max: 60 });

  it('is in order, and takes each slice equally often, give or take one', () => {
    holds(
      fc.property(count, count, fc.nat(), (depth, slices, seed) => {
        const chosen = [...depthIndices(depth, slices, generator(seed, 'depth'))];
        expect(chosen).toHaveLength(slices);
        expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
        const times = Array.from({ length: depth }, (_, i) => chosen.filter((index) => index === i).length);
        expect(times.reduce((sum, n) => sum + n, 0)).toBe(slices);
        expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
