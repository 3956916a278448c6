/**
 * The part of the native kernels that brings files of scans to volumes. It takes what is plain and whole; what it
 * does not take, damaged files among it, is left to the readers, so that there is one place for every refusal.
 * Without a compiler there is none, and all is read as if nothing were taken: slower, with the same bits.
 */
import { createRequire } from 'node:module';

export interface NativeCodec {
  /**
   * Unpacks one whole zlib or gzip stream: bytes unpacked, -1 where it is not taken. `out` has `INFLATE_SLACK`
   * bytes more than may come.
   */
  inflateScan(gzip: boolean, packed: Uint8Array, out: Uint8Array): number;
  /** Whether `pixels` are now those of a grey PNG that is not interlaced, from its pixel data joined. */
  unpackPng(packed: Uint8Array, width: number, height: number, pixels: Uint8Array | Uint16Array): boolean;
  /** As `SliceResizer` does it: values by `table` where they are stored ones, taps along both axes. */
  reduceSlice(
    ...all: readonly [
      slice: Uint8Array | Uint16Array | Float32Array,
      table: Float32Array | null,
      height: number,
      width: number,
      columnFirst: Int32Array,
      columnCount: Int32Array,
      columnWeights: Float64Array,
      rowFirst: Int32Array,
      rowCount: Int32Array,
      rowWeights: Float64Array,
      out: Float32Array,
    ]
  ): void;
}

/** As native/inflate.h has it. */
export const INFLATE_SLACK = 320;

/** Loads the codec at `path`; null for null, and where it does not load: then it is not needed either. */
export function loadCodec(path: string | null): NativeCodec | null {
  if (path === null) return null;
  try {
    return createRequire(import.meta.url)(path) as NativeCodec;
  } catch {
    return null;
  }
}
