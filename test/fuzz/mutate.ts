/** Inputs near one that is taken, the same ones for the same key: for the bounded part that every run of the tests has. */
import type { Generator } from '#emars/random/generator.js';

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];
const LONG = [0, 1, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to four changes: bits, bytes, numbers, pieces left out, doubled, or taken from `other`. */
export function mutated(bytes: Uint8Array, other: Uint8Array, random: Generator): Uint8Array {
  let changed: Buffer = Buffer.from(bytes);
  for (let left = 1 + random.integer(4); left > 0; left--) changed = change(changed, other, random);
  return changed;
}

function change(bytes: Buffer, other: Uint8Array, random: Generator): Buffer {
  if (bytes.length === 0) return Buffer.from(other);
  const at = random.integer(bytes.length);
  const length = 1 + random.integer(Math.min(32, bytes.length));
  switch (random.integer(8)) {
    case 0:
      bytes[at]! ^= 1 << random.integer(8);
      return bytes;
    case 1:
      bytes[at] = random.integer(256);
      return bytes;
    case 2:
      bytes[at] = random.pick(INTERESTING);
      return bytes;
    case 3:
      return number(bytes, at, random);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 5:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 6:
      return bytes.subarray(0, at);
    default: {
      if (other.length === 0) return bytes;
      const from = random.integer(other.length);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at)]);
    }
  }
}

function number(bytes: Buffer, at: number, random: Generator): Buffer {
  const value = random.pick(LONG);
  const isBig = random.chance(0.5);
  const size = at + 4 <= bytes.length && random.chance(0.5) ? 4 : 2;
  if (at + size > bytes.length) return bytes;
  const short = size === 2 ? value & 0xffff : value;
  if (isBig) bytes.writeUIntBE(short >>> 0, at, size);
  else bytes.writeUIntLE(short >>> 0, at, size);
  return bytes;
}
