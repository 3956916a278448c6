import { describe, expect, it } from 'vitest';
import { generator, philox } from '#emars/random/generator.js';

const hex = (words: Uint32Array): string =>
  [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('Philox4x32-10', () => {
  // Known-answer vectors published with the Random123 library (Salmon et al. 2011), file kat_vectors.
  it('gives the published answer for a zero counter and key', () => {
    const out = new Uint32Array(4);
    philox([0, 0, 0, 0], [0, 0], out);
    expect(hex(out)).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  });

  it('gives the published answer for all bits set', () => {
    const ones = 0xffffffff;
    const out = new Uint32Array(4);
    philox([ones, ones, ones, ones], [ones, ones], out);
    expect(hex(out)).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd');
  });

  it('gives the published answer for the digits of pi', () => {
    const out = new Uint32Array(4);
    philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], out);
    expect(hex(out)).toBe('d16cfe09 94fdcceb 5001e420 24126ea1');
  });
});

describe('a keyed generator', () => {
  const draw = (...key: Parameters<typeof generator>): number[] =>
    Array.from(
      { length: 8 },
      (
        (stream) => () =>
          stream.bits()
      )(generator(...key)),
    );

  it('repeats for the same key and differs for every other part of it', () => {
    const streams = [
      draw(1, 'order', 0),
      draw(2, 'order', 0),
      draw(1, 'batch', 0),
      draw(1, 'order', 1),
      draw(1, 'order', 0, 0),
      draw(1, 'order', '0'),
    ];
    expect(draw(1, 'order', 0)).toEqual(streams[0]);
    expect(new Set(streams.map((stream) => stream.join())).size).toBe(streams.length);
  });

  it('draws integers without bias over a bound that is no power of two', () => {
    const random = generator(3, 'integers');
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[random.integer(6)]!++;
    // Chi-square with 5 degrees of freedom: 20.5 is the 0.1 % point.
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(20.5);
  });

  it('draws normals of mean 0 and variance 1', () => {
    const random = generator(4, 'normals');
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });

  it('permutes: every position once', () => {
    expect(
      generator(5, 'order')
        .permutation(100)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('refuses bounds that are no whole number from 1', () => {
    for (const bound of [0, -1, 1.5, NaN, 2 ** 33])
      expect(() => generator(0, 'x').integer(bound)).toThrow(/expected an integer bound/);
    expect(() => generator(0, 'x').pick([])).toThrow(/non-empty list/);
  });
});
