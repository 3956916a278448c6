/**
 * The lexicographic order of points. A radix sort by the first objective, whose cost grows as n; only rows
 * that are equal in it are compared.
 */
import type { Points } from '../objective-values.js';

const BITS = 11;
const BUCKETS = 1 << BITS;
/** A double has 64 bits: its low word is taken in passes 0…2, its high word in 3…5. */
const PASSES = 6;
/** Below this number of points comparing is quicker than six passes over the buckets. */
const SMALL = 256;

/** Row indices by the first objective, then the second, …; equal points by index. */
export function lexicographicOrder(points: Points): Uint32Array {
  const { count, data, dimensions } = points;
  const compare = (a: number, b: number): number => {
    for (let j = 0; j < dimensions; j++) {
      const difference = data[a * dimensions + j]! - data[b * dimensions + j]!;
      if (difference !== 0) return difference;
    }
    return a - b;
  };
  if (count < SMALL) return Uint32Array.from({ length: count }, (_, row) => row).sort(compare);
  const order = byFirstObjective(points);
  for (let start = 0; start < count;) {
    const value = data[order[start]! * dimensions]!;
    let end = start + 1;
    while (end < count && data[order[end]! * dimensions] === value) end++;
    if (end - start > 1) order.subarray(start, end).sort(compare);
    start = end;
  }
  return order;
}

/** Row indices by the first objective, by index where it is equal. */
function byFirstObjective({ count, data, dimensions }: Points): Uint32Array {
  const values = new Float64Array(count);
  // + 0 makes -0 and 0 one key.
  for (let row = 0; row < count; row++) values[row] = data[row * dimensions]! + 0;
  const words = new Uint32Array(values.buffer);
  // As unsigned integers the bits of doubles ascend with the values once negative ones are inverted and the
  // sign of the others is set.
  for (let row = 0; row < count; row++) {
    const negative = words[2 * row + HIGH]! >>> 31;
    words[2 * row + LOW]! ^= negative === 1 ? 0xffffffff : 0;
    words[2 * row + HIGH]! ^= negative === 1 ? 0xffffffff : 0x80000000;
  }
  let from = Uint32Array.from({ length: count }, (_, row) => row);
  let to = new Uint32Array(count);
  const starts = new Uint32Array(BUCKETS);
  for (let pass = 0; pass < PASSES; pass++) {
    const word = pass < PASSES / 2 ? LOW : HIGH;
    const shift = (pass % (PASSES / 2)) * BITS;
    starts.fill(0);
    for (let row = 0; row < count; row++) starts[(words[2 * row + word]! >>> shift) & (BUCKETS - 1)]!++;
    let sum = 0;
    let fullest = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const size = starts[bucket]!;
      fullest = Math.max(fullest, size);
      starts[bucket] = sum;
      sum += size;
    }
    if (fullest === count) continue; // All keys agree in these bits.
    for (let k = 0; k < count; k++) {
      const row = from[k]!;
      to[starts[(words[2 * row + word]! >>> shift) & (BUCKETS - 1)]!++] = row;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Which half of a double in memory holds its low and its high word: 0 and 1 on all processors Node runs on but one. */
const [LOW, HIGH] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [0, 1] : [1, 0];
