/**
 * Pixels of a plain TIFF page: one sample of 8 or 16 bits, in strips, stored or packed by Deflate. That is what CT
 * slices are; geotiff, which reads all others, takes several times as long.
 *
 * Whatever is not exactly as its header says is left to geotiff, so that there is one place for every refusal.
 */
import { inflateSync } from 'node:zlib';
import { INFLATE_SLACK, type NativeCodec } from '../native-codec.js';
import type { SliceValues } from './reader.js';
import type { TiffPage } from './tiff-header.js';

type Stored = Exclude<SliceValues, Float32Array>;

const RAW = 1;
const DEFLATE = new Set([8, 32946]);
const DIFFERENCES = 2;

/** The stored values as [height * width], turned where greater ones are darker; null: left to others. */
export function stripPixels(bytes: Buffer, page: TiffPage, codec: NativeCodec | null): Stored | null {
  const { strips, width, height, dtype, samples } = page;
  if (strips === null || samples !== 1 || strips.predictor > DIFFERENCES) return null;
  const { compression, offsets, sizes, rows } = strips;
  if (compression !== RAW && !DEFLATE.has(compression)) return null;
  const valueBytes = dtype === 'uint8' ? 1 : dtype === 'uint16' || dtype === 'int16' ? 2 : null;
  if (valueBytes === null) return null;
  const rowBytes = width * valueBytes;
  const page8 = new Uint8Array(height * rowBytes + INFLATE_SLACK);
  for (let i = 0, y = 0; y < height; i++, y += rows) {
    const wanted = Math.min(rows, height - y) * rowBytes;
    const packed = bytes.subarray(offsets[i], offsets[i]! + sizes[i]!);
    const out = page8.subarray(y * rowBytes, y * rowBytes + wanted + INFLATE_SLACK);
    if (!unpack(packed, out, { wanted, isRaw: compression === RAW, codec })) return null;
  }
  if (valueBytes === 2 && !strips.little) swapPairs(page8);
  const values =
    valueBytes === 1
      ? page8.subarray(0, width * height)
      : new (dtype === 'int16' ? Int16Array : Uint16Array)(page8.buffer, 0, width * height);
  if (strips.predictor === DIFFERENCES) addUp(values, width);
  if (page.inverted && dtype !== 'int16') {
    const top = valueBytes === 1 ? 0xff : 0xffff;
    for (let i = 0; i < values.length; i++) values[i] = top - values[i]!;
  }
  return values;
}

interface Unpacking {
  readonly wanted: number;
  readonly isRaw: boolean;
  readonly codec: NativeCodec | null;
}

/** Whether `out` now begins with exactly the bytes that are wanted. */
function unpack(packed: Buffer, out: Uint8Array, { wanted, isRaw, codec }: Unpacking): boolean {
  if (isRaw) {
    if (packed.length !== wanted) return false;
    out.set(packed);
    return true;
  }
  if (codec !== null) return codec.inflateScan(false, packed, out) === wanted;
  try {
    const unpacked = inflateSync(packed, { maxOutputLength: wanted });
    out.set(unpacked);
    return unpacked.length === wanted;
  } catch {
    return false;
  }
}

function swapPairs(bytes: Uint8Array): void {
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const first = bytes[i]!;
    bytes[i] = bytes[i + 1]!;
    bytes[i + 1] = first;
  }
}

/** From the differences along a row to values; sums go round as the numbers do. */
function addUp(values: Stored, width: number): void {
  for (let from = 0; from < values.length; from += width)
    for (let i = from + 1; i < from + width; i++) values[i] = values[i]! + values[i - 1]!;
}
