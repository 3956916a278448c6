/** Augmentation beyond flips: what it does to a slice, and that equal keys give equal bits. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import { distortSlice, drawDistortion } from '#emars/training/distort.js';

const SIZE = 8;
const none = { shift: 0, rotation: 0, zoom: 0, scale: 0, offset: 0 };
const ramp = (): Float32Array => Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % SIZE) / SIZE);
const identity = { dx: 0, dy: 0, cos: 1, sin: 0, scale: 1, offset: 0 };

function distorted(change: Partial<typeof identity>): Float32Array {
  const slice = ramp();
  distortSlice(slice, new Float32Array(SIZE * SIZE), SIZE, { ...identity, ...change });
  return slice;
}

describe('a distortion', () => {
  it('is none where nothing is allowed, and moves no random number then', () => {
    expect(drawDistortion(none, generator(1, 'd'))).toBeNull();
    expect(drawDistortion(null, generator(1, 'd'))).toBeNull();
  });

  it('leaves a slice as it is when it moves nothing', () => {
    expect(distorted({})).toEqual(ramp());
  });

  it('reads a pixel further along, the border going on', () => {
    const moved = distorted({ dx: 1 / SIZE });
    expect([...moved.subarray(0, SIZE)]).toEqual([1, 2, 3, 4, 5, 6, 7, 7].map((x) => x / SIZE));
  });

  it('turns by a right angle exactly: what ran along x runs along y', () => {
    const turned = distorted({ cos: 0, sin: 1 });
    expect(turned[0]).toBe(turned[SIZE - 1]);
    expect(turned[0]).not.toBe(turned[SIZE * (SIZE - 1)]);
  });

  it('scales and moves intensities', () => {
    expect(distorted({ scale: 2, offset: 1 })[3]).toBeCloseTo(1 + (2 * 3) / SIZE, 6);
  });

  it('draws a turn of unit length within the limits', () => {
    for (let i = 0; i < 50; i++) {
      const { cos, sin, dx, scale } = drawDistortion(
        { ...none, rotation: 10, shift: 0.1, scale: 0.2 },
        generator(2, 'd', i),
      )!;
      expect(cos * cos + sin * sin).toBeCloseTo(1, 12);
      expect(Math.abs(Math.atan2(sin, cos))).toBeLessThanOrEqual((10.1 * Math.PI) / 180);
      expect(Math.abs(dx)).toBeLessThanOrEqual(0.1);
      expect(Math.abs(scale - 1)).toBeLessThanOrEqual(0.2);
    }
  });

  it('gives known bits for a key', () => {
    const limits = { shift: 0.1, rotation: 15, zoom: 0.1, scale: 0.1, offset: 0.1 };
    const slice = distorted(drawDistortion(limits, generator(7, 'augment', 3, 1, 'scan'))!);
    const digest = createHash('sha256').update(new Uint8Array(slice.buffer)).digest('hex');
    expect(digest.slice(0, 16)).toBe('0c247977ea47f580');
  });
});
