import { describe, expect, it } from 'vitest';
import { Assembly, cut, digestOf, firstNonFinite } from '#emars/gradient/chunks.js';
import { generator } from '#emars/random/generator.js';

const vectorOf = (length: number): Float32Array => {
  const random = generator(1, 'vector', length);
  return Float32Array.from({ length }, () => random.normal());
};

describe('chunks of a vector', () => {
  it.each([0, 1, 3, 4, 5, 1000])(
    'come together again in any order and with repetitions, %i floats',
    (length) => {
      const vector = vectorOf(length);
      const chunks = cut(vector, 16);
      const assembly = new Assembly(length, 16);
      const order = [...generator(2, 'arrival', length).permutation(chunks.length), 0];
      const verdicts = order.map((at) => assembly.add(at, chunks[at]!.payload.slice()));
      expect(verdicts.filter((verdict) => verdict === 'complete')).toHaveLength(1);
      expect(verdicts.at(-1)).toBe('duplicate');
      expect(assembly.complete).toBe(true);
      expect(digestOf(assembly.vector)).toBe(digestOf(vector));
    },
  );

  it('name what is missing', () => {
    const chunks = cut(vectorOf(10), 16);
    const assembly = new Assembly(10, 16);
    assembly.add(1, chunks[1]!.payload);
    expect(assembly.missing()).toEqual([0, 2]);
    expect(assembly.complete).toBe(false);
  });

  it('are refused a byte short, or beyond the vector', () => {
    const [chunk] = cut(vectorOf(10), 16);
    const assembly = new Assembly(10, 16);
    expect(assembly.add(0, chunk!.payload.subarray(1))).toBe('bad-length');
    expect(assembly.add(3, chunk!.payload)).toBe('bad-length');
    expect(assembly.missing()).toEqual([0, 1, 2]);
  });

  it('of unaligned bytes land aligned', () => {
    const vector = vectorOf(8);
    const [chunk] = cut(vector, 64);
    const shifted = new Uint8Array(chunk!.payload.length + 1);
    shifted.set(chunk!.payload, 1);
    const assembly = new Assembly(8, 64);
    expect(assembly.add(0, shifted.subarray(1))).toBe('complete');
    expect([...assembly.vector]).toEqual([...vector]);
  });
});

describe('a vector', () => {
  it('with NaN or infinity is found out', () => {
    expect(firstNonFinite(Float32Array.of(1, -0, 1e-40))).toBe(-1);
    expect(firstNonFinite(Float32Array.of(1, NaN))).toBe(1);
    expect(firstNonFinite(Float32Array.of(-Infinity, 0))).toBe(0);
  });

  it.each([NaN, Infinity, -Infinity])('with %d anywhere is found out, and where', (value) => {
    for (let length = 1; length < 12; length++)
      for (let at = 0; at < length; at++) {
        const vector = new Float32Array(length).fill(3e38);
        vector[at] = value;
        expect(firstNonFinite(vector)).toBe(at);
      }
    expect(firstNonFinite(new Float32Array(11).fill(-3e38))).toBe(-1);
    expect(firstNonFinite(new Float32Array(0))).toBe(-1);
  });
});
