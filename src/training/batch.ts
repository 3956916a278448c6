/**
 * Scans of the store → the numbers of one batch.
 *
 * With generators it is the training form (slices dropped or duplicated at random, flips); without, the
 * deterministic form of validation. Each sample has its own generators, so a sample is the same whoever
 * assembles it and whatever stands beside it.
 */
import type { Generator } from '../random/generator.js';
import { copyFlipped, drawFlips, type Flips } from './augment.js';
import { codeUnitOrder } from '../scan/catalogue/natural-order.js';
import { depthIndices } from '../scan/store/resample.js';
import type { ScanStore } from '../scan/store/store.js';

export interface BatchOptions {
  /** Slices and pixels of a sample; `size` must be that of the store. */
  readonly slices: number;
  readonly size: number;
  /** Of the training scans (`meanAndStd`): a value v becomes (v − mean) / std. */
  readonly mean: number;
  readonly std: number;
  /** Generator of the sample's augmentation. Left out: no augmentation. */
  readonly streamOf?: (id: string, position: number) => Generator;
  /** Generator of the choice of slices; left out: the even, symmetric choice. */
  readonly depthStreamOf?: (id: string, position: number) => Generator;
  readonly flips?: Flips;
}

export interface Batch {
  /** `[n, slices, size, size]`, row-major, normalised; the caller's. */
  readonly images: Float32Array;
  /** `[n]`, indices into the store's classes. */
  readonly labels: Int32Array;
}

/** What a batch needs of the store. */
export type VolumeSource = Pick<ScanStore, 'volume' | 'size'> & {
  readonly scans: readonly { readonly id: string; readonly label: number }[];
};

const noFlips: Flips = { horizontal: false, vertical: false };
const labelTables = new WeakMap<object, ReadonlyMap<string, number>>();

/** Errors: RangeError for an unknown id or a size that is not the store's. */
export function assembleBatch(store: VolumeSource, ids: readonly string[], options: BatchOptions): Batch {
  const { slices, size, mean, std } = options;
  if (size !== store.size) throw new RangeError(`expected the size of the store, ${store.size}, got ${size}`);
  if (!(std > 0)) throw new RangeError(`expected a standard deviation above 0, got ${std}`);
  const area = size * size;
  const images = new Float32Array(ids.length * slices * area);
  const labels = new Int32Array(ids.length);
  const labelOf = labelsOf(store);
  ids.forEach((id, position) => {
    const { data, depth } = store.volume(id);
    const label = labelOf.get(id);
    if (label === undefined) throw new RangeError(`no scan with the id ${id} in the store`);
    labels[position] = label;
    const random = options.streamOf?.(id, position);
    const indices = depthIndices(depth, slices, options.depthStreamOf?.(id, position));
    const flips = random === undefined ? noFlips : drawFlips(options.flips ?? noFlips, random);
    for (let z = 0; z < slices; z++) {
      const from = indices[z]! * area;
      const to = (position * slices + z) * area;
      copyFlipped(data.subarray(from, from + area), images.subarray(to, to + area), size, flips);
    }
  });
  for (let i = 0; i < images.length; i++) images[i] = (images[i]! - mean) / std;
  return { images, labels };
}

/**
 * Mean and standard deviation of the pixels of some scans (D_train), in the deterministic choice of
 * slices. Independent of the order of `ids`.
 */
export function meanAndStd(
  store: VolumeSource,
  ids: readonly string[],
  slices: number,
): { mean: number; std: number } {
  if (ids.length === 0) throw new RangeError('expected at least one scan');
  const area = store.size * store.size;
  const count = ids.length * slices * area;
  const ordered = [...ids].sort(codeUnitOrder);
  const sumOf = (term: (value: number) => number): number => {
    let total = 0;
    for (const id of ordered) {
      const { data, depth } = store.volume(id);
      let sum = 0;
      for (const index of depthIndices(depth, slices)) {
        for (let i = index * area; i < (index + 1) * area; i++) sum += term(data[i]!);
      }
      total += sum;
    }
    return total;
  };
  const mean = sumOf((value) => value) / count;
  const std = Math.sqrt(sumOf((value) => (value - mean) * (value - mean)) / count);
  // Scans of one single value have no spread: leave them as they are.
  return { mean, std: std > 0 ? std : 1 };
}

function labelsOf(store: VolumeSource): ReadonlyMap<string, number> {
  const known = labelTables.get(store);
  if (known !== undefined) return known;
  const table = new Map(store.scans.map(({ id, label }) => [id, label]));
  labelTables.set(store, table);
  return table;
}
