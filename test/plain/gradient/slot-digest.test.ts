import { describe, expect, it } from 'vitest';
import { bytesOf, cut } from '#emars/gradient/chunks.js';
import { SlotAssembly, slotDigestOf } from '#emars/gradient/slot-digest.js';
import { generator } from '#emars/random/generator.js';

const vectorOf = (length: number): Float32Array => {
  const random = generator(1, 'vector', length);
  return Float32Array.from({ length }, () => random.normal());
};

describe('the digest of a slot', () => {
  it('is another one for each bit, and for the length', () => {
    const vector = vectorOf(9);
    const digests = new Set([slotDigestOf(vector, 16), slotDigestOf(vector.subarray(0, 8), 16)]);
    const bytes = bytesOf(vector);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      digests.add(slotDigestOf(vector, 16));
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
    }
    expect(digests.size).toBe(2 + 8 * 36);
    expect(slotDigestOf(new Float32Array(3), 16)).not.toBe(slotDigestOf(new Float32Array(4), 16));
  });

  it('is the same on every machine', () => {
    expect(slotDigestOf(Float32Array.of(1, -2, 3, 4, 5), 16)).toBe(
      '9d896303f7256fb5d2318c70eee48c4303cb839e423bb15f8471d428b7dfcc4f',
    );
  });

  it.each([0, 1, 4, 5, 1000])('is known when the last chunk has come, in any order, %i floats', (length) => {
    const vector = vectorOf(length);
    const chunks = cut(vector, 16);
    const assembly = new SlotAssembly(length, 16);
    for (const at of generator(2, 'arrival', length).permutation(chunks.length))
      assembly.add(at, chunks[at]!.payload.slice());
    expect(assembly.complete).toBe(true);
    expect(assembly.digest()).toBe(slotDigestOf(vector, 16));
    expect(assembly.firstBad).toBe(-1);
  });
});

it('a vector on its way in knows its first value that is no number, in whatever order it comes', () => {
  const vector = vectorOf(20);
  vector[6] = NaN;
  vector[7] = Infinity;
  vector[17] = -Infinity;
  for (const order of [
    [0, 1, 2, 3, 4],
    [4, 3, 2, 1, 0],
  ]) {
    const assembly = new SlotAssembly(20, 16);
    for (const at of order) assembly.add(at, cut(vector, 16)[at]!.payload);
    expect(assembly.firstBad).toBe(6);
  }
});
