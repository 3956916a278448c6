/**
 * From a scan's own size to the size that a network wants. Plain arithmetic in a fixed order: the same
 * bits everywhere.
 *
 * In the plane: area averaging where the picture becomes smaller, linear interpolation where it becomes
 * larger, each axis by itself. In depth no slice is ever blended with its neighbour: slices are chosen.
 */
import type { Generator } from '../../random/generator.js';

/** Weights that make one output pixel from a run of input pixels. */
interface Tap {
  readonly first: number;
  readonly weights: readonly number[];
}

/** Those of all outputs along one axis. */
export interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** One after the other, output after output. */
  readonly weights: Float64Array;
}

/** `to` outputs from the middle `crop` of `from` inputs. */
function tapsOf(from: number, to: number, crop: number): Tap[] {
  const kept = from * crop;
  const outside = (from - kept) / 2;
  const scale = kept / to;
  return Array.from({ length: to }, (_, i) => {
    if (scale > 1) {
      // Area: the output pixel covers [i, i + 1) · scale of what is kept.
      const start = outside + (i * kept) / to;
      const end = outside + ((i + 1) * kept) / to;
      const first = Math.floor(start);
      const last = Math.min(from, Math.ceil(end));
      const weights = Array.from(
        { length: last - first },
        (_, k) => (Math.min(end, first + k + 1) - Math.max(start, first + k)) / scale,
      );
      return { first, weights };
    }
    // Linear between pixel centres, the border repeated.
    const centre = Math.min(from - 1, Math.max(0, outside + (i + 0.5) * scale - 0.5));
    const first = Math.min(Math.floor(centre), Math.max(0, from - 2));
    const share = centre - first;
    return { first, weights: share === 0 ? [1] : [1 - share, share] };
  });
}

function inArrays(taps: readonly Tap[]): Taps {
  return {
    first: Int32Array.from(taps, ({ first }) => first),
    count: Int32Array.from(taps, ({ weights }) => weights.length),
    weights: Float64Array.from(taps.flatMap(({ weights }) => weights)),
  };
}

/**
 * Brings slices of one size to `size` × `size`, or the middle of them: the share `crop` of each side, 1 for
 * all of it. Made once a scan; holds two small tables.
 */
export class SliceResizer {
  readonly columns: Taps;
  readonly rows: Taps;
  private readonly narrow: Float64Array;

  constructor(
    private readonly height: number,
    private readonly width: number,
    private readonly size: number,
    crop = 1,
  ) {
    this.columns = inArrays(tapsOf(width, size, crop));
    this.rows = inArrays(tapsOf(height, size, crop));
    this.narrow = new Float64Array(height * size);
  }

  /** @param slice `[height * width]`; @param out `[size * size]`, written. */
  resize(slice: Float32Array, out: Float32Array): void {
    const { size, height, width, narrow, columns, rows } = this;
    for (let y = 0; y < height; y++) {
      for (let x = 0, at = 0; x < size; x++) {
        const from = y * width + columns.first[x]!;
        const count = columns.count[x]!;
        let sum = 0;
        for (let k = 0; k < count; k++) sum += slice[from + k]! * columns.weights[at++]!;
        narrow[y * size + x] = sum;
      }
    }
    for (let y = 0, at = 0; y < size; at += rows.count[y++]!) {
      const first = rows.first[y]!;
      const count = rows.count[y]!;
      for (let x = 0; x < size; x++) {
        let sum = 0;
        for (let k = 0; k < count; k++) sum += narrow[(first + k) * size + x]! * rows.weights[at + k]!;
        out[y * size + x] = sum;
      }
    }
  }
}

/**
 * Which of `depth` slices make a stack of `slices`, in ascending order.
 *
 * Without a generator: evenly spread and symmetric about the middle (index i and its mirror add up to
 * depth − 1). With one: slices are dropped, or duplicated, at random, each equally often as far as the
 * numbers allow, and their order is kept.
 */
export function depthIndices(depth: number, slices: number, random?: Generator): Int32Array {
  if (!(depth >= 1) || !(slices >= 1))
    throw new RangeError(`expected at least one slice, got ${depth} to make ${slices}`);
  return random === undefined ? evenIndices(depth, slices) : randomIndices(depth, slices, random);
}

function evenIndices(depth: number, slices: number): Int32Array {
  const indices = new Int32Array(slices);
  for (let i = 0; i < Math.ceil(slices / 2); i++) {
    const index =
      2 * i + 1 === slices ? Math.floor((depth - 1) / 2) : Math.floor(((2 * i + 1) * depth) / (2 * slices));
    indices[slices - 1 - i] = depth - 1 - index;
    indices[i] = index;
  }
  return indices;
}

function randomIndices(depth: number, slices: number, random: Generator): Int32Array {
  const times = new Int32Array(depth).fill(Math.floor(slices / depth));
  const remainder = slices % depth;
  if (remainder > 0) for (const chosen of random.permutation(depth).slice(0, remainder)) times[chosen]!++;
  const indices = new Int32Array(slices);
  let at = 0;
  times.forEach((count, index) => {
    indices.fill(index, at, at + count);
    at += count;
  });
  return indices;
}
