/**
 * What every reader of a file format does: one narrow interface, one conformance suite.
 *
 * A reader checks what the files declare before it inflates anything, hands out one slice at a time (so
 * that a long scan need not be in memory at once), and answers any damage with a `ScanError`.
 */
import { open as openFile } from 'node:fs/promises';
import { ScanError, reasonOf } from '../errors.js';
import type { ScanFormat } from '../catalogue/formats.js';
import type { ScanLimits } from '../limits.js';
import type { Placement } from './nifti-space.js';

/** Type of the stored values, as NumPy names it. */
export type ValueType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';

/**
 * What a value means: `grey` = 0…255, already windowed where the file was made; `hu` = Hounsfield
 * units; `offset-hu` = Hounsfield units plus an offset, because the file holds unsigned 16-bit values.
 */
export type ValueUnit = 'grey' | 'hu' | 'offset-hu';

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
   * Slices in order, each `[height * width]` values as stored. A slice is the caller's until the next is
   * asked for.
   */
  slices(): AsyncIterable<Float32Array>;
}

export interface ScanReader {
  readonly format: ScanFormat;
  /**
   * @param root folder that `files` are relative to; file names in errors stay relative.
   * @param files as in the catalogue: slices in order, or one file.
   * Errors: ScanError for anything that cannot be read; also while iterating `slices()`.
   */
  open(root: string, files: readonly string[], limits: ScanLimits): Promise<OpenScan>;
}

/** Reads a whole regular file of at most `limits.fileBytes`. */
export async function readWhole(path: string, name: string, limits: ScanLimits): Promise<Buffer> {
  try {
    const handle = await openFile(path, 'r');
    try {
      const { size, ...stat } = await handle
        .stat()
        .then((found) => ({ size: found.size, isFile: found.isFile() }));
      if (!stat.isFile) throw new ScanError(name, 'expected a file');
      if (size > limits.fileBytes)
        throw new ScanError(name, `has ${size} bytes; at most ${limits.fileBytes} are read`);
      if (size === 0) throw new ScanError(name, 'the file is empty');
      const bytes = Buffer.allocUnsafe(size);
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
        if (bytesRead === 0) throw new ScanError(name, 'the file became shorter while it was read');
        filled += bytesRead;
      }
      return bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ScanError) throw error;
    throw new ScanError(name, `cannot be read (${reasonOf(error)})`, { cause: error });
  }
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
