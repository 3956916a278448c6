/**
 * What every reader of a file format does: one narrow interface, one conformance suite.
 *
 * A reader checks what the files declare before it inflates anything, hands out one slice at a time (so
 * that a long scan need not be in memory at once), and answers any damage with a `ScanError`.
 */
import { ScanError, reasonOf } from '../errors.js';
import type { ScanFormat } from '../catalogue/formats.js';
import type { Placement } from './nifti-space.js';
import type { ScanSource } from './source.js';

/** Type of the stored values, as NumPy names it. */
export type ValueType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';

/**
 * What a value means: `grey` = 0…255, already windowed where the file was made; `hu` = Hounsfield
 * units; `offset-hu` = Hounsfield units plus an offset, because the file holds unsigned 16-bit values.
 */
export type ValueUnit = 'grey' | 'hu' | 'offset-hu';

/** Values of a slice as they are stored, `[height * width]`. */
export type SliceValues = Uint8Array | Uint16Array | Int16Array | Float32Array;

/** A scan whose declarations have been read and accepted. */
export interface OpenScan {
  readonly shape: readonly [depth: number, height: number, width: number];
  readonly dtype: ValueType;
  readonly unit: ValueUnit;
  /** Millimetres between voxel centres along depth, height, width; null where the format does not say. */
  readonly spacing: readonly [z: number, y: number, x: number] | null;
  /** Where the voxels lie in the patient; null where the format does not say. */
  readonly placement: Placement | null;
  /**
   * Slices in order. A slice is the caller's until the next is asked for, but its memory may be that of the
   * file: read only.
   */
  slices(): AsyncIterable<SliceValues>;
}

export interface ScanReader {
  readonly format: ScanFormat;
  /**
   * @param files as in the catalogue: slices in order, or one file.
   * Errors: ScanError for anything that cannot be read; also while iterating `slices()`.
   */
  open(source: ScanSource, files: readonly string[]): Promise<OpenScan>;
}

/** Runs a decoder's step; whatever it throws becomes a `ScanError` of that file. */
export async function decoding<T>(name: string, what: string, step: () => Promise<T> | T): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof ScanError) throw error;
    throw new ScanError(name, `${what} (${reasonOf(error)})`, { cause: error });
  }
}

/**
 * Red, green, blue to one value. Equal channels keep their value exactly; others are weighted after ITU-R
 * BT.601.
 */
export function greyOf(red: number, green: number, blue: number): number {
  return red === green && green === blue ? red : (299 * red + 587 * green + 114 * blue) / 1000;
}
