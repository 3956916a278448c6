/**
 * Scans of the store → the numbers of one batch.
 *
 * With generators it is the training form (slices dropped or duplicated at random, flips); without, the
 * deterministic form of validation. Each sample has its own generators, so a sample is the same whichever
 * assembles it and whatever stands beside it.
 */
import type { Generator } from '../random/generator.js';
import { codeUnitOrder } from '../scan/catalogue/natural-order.js';
import { depthIndices } from '../scan/store/resample.js';
import type { DecodedScan } from '../scan/store/cache.js';
import type { ScanStore } from '../scan/store/store.js';
import { copyFlipped, drawFlips, type Flips } from './augment.js';
import type { DistortionLimits } from './distort.js';
import { distortSlice, drawDistortion } from './distort.js';

/** `[batch, depth, height, width]`, one channel. */
export type ImageShape = readonly [number, number, number, number];

export interface Batch {
  /** Standardised intensities, row-major in `shape`; the caller's. */
  readonly images: Float32Array;
  readonly shape: ImageShape;
  /** `[batch]`, class indices from 0. */
  readonly labels: Int32Array;
}

/** A batch without its labels. */
export type ImageBatch = Omit<Batch, 'labels'>;

/** Mean and standard deviation of the voxels of D_train: a value v becomes (v − mean) / std. */
export interface Standardisation {
  readonly mean: number;
  readonly std: number;
}

export interface ImageOptions extends Standardisation {
  /** Slices and pixels of a sample; `size` must be that of the store. */
  readonly slices: number;
  readonly size: number;
  /** Generator of the sample's augmentation. Left out: no augmentation. */
  readonly streamOf?: (id: string, position: number) => Generator;
  /** Generator of the choice of slices; left out: the even, symmetric choice. */
  readonly depthStreamOf?: (id: string, position: number) => Generator;
  readonly flips?: Flips;
  /** Left out: none. */
  readonly distortion?: DistortionLimits;
}

/** What a batch needs of the store. */
export interface VolumeSource extends Pick<ScanStore, 'size'> {
  volume(id: string): Pick<DecodedScan, 'data' | 'depth'>;
}

const noFlips: Flips = { horizontal: false, vertical: false };

/**
 * The images of some scans. Errors: RangeError for a size that is not the store's; those of the store for
 * an unknown id.
 */
export function assembleImages(
  store: VolumeSource,
  ids: readonly string[],
  options: ImageOptions,
): ImageBatch {
  const { slices, size, mean, std } = options;
  if (size !== store.size) throw new RangeError(`expected the size of the store, ${store.size}, got ${size}`);
  if (!(std > 0)) throw new RangeError(`expected a standard deviation above 0, got ${std}`);
  const area = size * size;
  const images = new Float32Array(ids.length * slices * area);
  const scratch = new Float32Array(area);
  ids.forEach((id, position) => {
    const { data, depth } = store.volume(id);
    const random = options.streamOf?.(id, position);
    const indices = depthIndices(depth, slices, options.depthStreamOf?.(id, position));
    const flips = random === undefined ? noFlips : drawFlips(options.flips ?? noFlips, random);
    const distortion = random === undefined ? null : drawDistortion(options.distortion ?? null, random);
    for (let z = 0; z < slices; z++) {
      const from = indices[z]! * area;
      const to = (position * slices + z) * area;
      const image = images.subarray(to, to + area);
      const slice = data.subarray(from, from + area);
      if (distortion === null) standardise(slice, image, { size, flips, mean, std });
      else {
        copyFlipped(slice, image, [size, size], flips);
        distortSlice(image, scratch, size, distortion);
        standardise(image, image, { size, flips: noFlips, mean, std });
      }
    }
  });
  return { images, shape: [ids.length, slices, size, size] };
}

/** Flips a slice and standardises its values in one pass: each batch of a step goes through here. */
function standardise(
  slice: Float32Array,
  out: Float32Array,
  { size, flips, mean, std }: Standardisation & { readonly size: number; readonly flips: Flips },
): void {
  const step = flips.horizontal ? -1 : 1;
  for (let y = 0, i = 0; y < size; y++) {
    let from = (flips.vertical ? size - 1 - y : y) * size + (flips.horizontal ? size - 1 : 0);
    for (const end = i + size; i < end; i++, from += step) out[i] = (slice[from]! - mean) / std;
  }
}

/**
 * Mean and standard deviation of the pixels of some scans (D_train), in the deterministic choice of
 * slices. Independent of the order of `ids`. Errors: RangeError without a scan.
 */
export function meanAndStd(store: VolumeSource, ids: readonly string[], slices: number): Standardisation {
  if (ids.length === 0) throw new RangeError('expected at least one scan, got none');
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
