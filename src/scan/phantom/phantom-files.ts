/**
 * Phantom volumes as real files: PNG (8 bits, lung window), TIFF (16 bits, Hounsfield units + 1024),
 * NIfTI (int16, Hounsfield units; plain or gzip).
 *
 * The encoders are a few lines each and leave nothing to a library: pixel data is stored, not compressed,
 * because what a compressor makes of it changes with its version and the processor, and phantoms must be
 * equal byte for byte everywhere. Formats: PNG specification; TIFF 6.0; NIfTI-1; RFC 1950 to 1952.
 */
import { crc32 } from 'node:zlib';
import type { HounsfieldWindow } from '../store/window.js';

/** Deflate as stored blocks (RFC 1951, section 3.2.4), at most 65 535 bytes each. */
function storedBlocks(data: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at === 0 || at < data.length; at += 0xffff) {
    const block = data.subarray(at, at + 0xffff);
    const head = Buffer.alloc(5);
    head[0] = at + 0xffff >= data.length ? 1 : 0;
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(block.length ^ 0xffff, 3);
    parts.push(head, block);
  }
  return parts;
}

/** Adler-32 (RFC 1950, section 8.2). */
function adler32(data: Buffer): number {
  let a = 1;
  let b = 0;
  for (const byte of data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

function uint32BE(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function pngChunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  return Buffer.concat([uint32BE(data.length), body, uint32BE(crc32(body))]);
}

/** One grey slice of 8 or 16 bits; `values` are whole numbers in range, row by row. */
export function encodePng(
  values: ArrayLike<number>,
  width: number,
  height: number,
  bits: 8 | 16 = 8,
): Buffer {
  const pixel = bits / 8;
  const rows = Buffer.alloc(height * (1 + width * pixel));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (1 + width * pixel) + 1 + x * pixel;
      if (bits === 16) rows.writeUInt16BE(values[y * width + x]!, at);
      else rows[at] = values[y * width + x]!;
    }
  }
  const header = Buffer.concat([uint32BE(width), uint32BE(height), Buffer.from([bits, 0, 0, 0, 0])]);
  const data = Buffer.concat([Buffer.from([0x78, 0x01]), ...storedBlocks(rows), uint32BE(adler32(rows))]);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', data),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** One grey slice of unsigned 16 bits, little-endian, one strip. */
export function encodeTiff(values: ArrayLike<number>, width: number, height: number): Buffer {
  const short = 3;
  const long = 4;
  const fields: readonly (readonly [tag: number, type: number, value: number])[] = [
    [256, long, width],
    [257, long, height],
    [258, short, 16],
    [259, short, 1],
    [262, short, 1],
    [273, long, 8],
    [277, short, 1],
    [278, long, height],
    [279, long, width * height * 2],
    [339, short, 1],
  ];
  const directoryAt = 8 + width * height * 2;
  const bytes = Buffer.alloc(directoryAt + 2 + fields.length * 12 + 4);
  bytes.write('II', 'latin1');
  bytes.writeUInt16LE(42, 2);
  bytes.writeUInt32LE(directoryAt, 4);
  for (let i = 0; i < width * height; i++) bytes.writeUInt16LE(values[i]!, 8 + 2 * i);
  bytes.writeUInt16LE(fields.length, directoryAt);
  fields.forEach(([tag, type, value], i) => {
    const at = directoryAt + 2 + i * 12;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(1, at + 4);
    if (type === short) bytes.writeUInt16LE(value, at + 8);
    else bytes.writeUInt32LE(value, at + 8);
  });
  return bytes;
}

/**
 * A volume `[depth, height, width]` in the order of slices on a light box (`nifti-orientation.ts`).
 * @param spacing millimetres [z, y, x].
 */
export function encodeNifti(
  values: Int16Array | Uint8Array,
  shape: readonly [number, number, number],
  spacing: readonly [number, number, number],
): Buffer {
  const [depth, height, width] = shape;
  const bytesEach = values.BYTES_PER_ELEMENT;
  const bytes = Buffer.alloc(352 + values.length * bytesEach);
  bytes.writeInt32LE(348, 0);
  [3, width, height, depth, 1, 1, 1, 1].forEach((size, i) => bytes.writeInt16LE(size, 40 + 2 * i));
  bytes.writeInt16LE(values instanceof Uint8Array ? 2 : 4, 70);
  bytes.writeInt16LE(8 * bytesEach, 72);
  [1, spacing[2], spacing[1], spacing[0]].forEach((size, i) => bytes.writeFloatLE(size, 76 + 4 * i));
  bytes.writeFloatLE(352, 108);
  bytes.writeFloatLE(1, 112);
  // Millimetres; rows of the affine: x towards the left, y towards the back, z towards the head.
  bytes[123] = 2;
  bytes.writeInt16LE(1, 254);
  bytes.writeFloatLE(-spacing[2], 280);
  bytes.writeFloatLE(-spacing[1], 300);
  bytes.writeFloatLE(spacing[0], 320);
  bytes.write('n+1\0', 344, 'latin1');
  values.forEach((value: number, i: number) => {
    if (bytesEach === 2) bytes.writeInt16LE(value, 352 + 2 * i);
    else bytes[352 + i] = value;
  });
  return bytes;
}

/** gzip (RFC 1952) without a time or a name in its header. */
export function encodeGzip(data: Buffer): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(data), 0);
  tail.writeUInt32LE(data.length % 2 ** 32, 4);
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]), ...storedBlocks(data), tail]);
}

/** Hounsfield units to 8 bits through a window. */
export function toGrey(hu: Int16Array, { low, high }: HounsfieldWindow): Uint8Array {
  const grey = new Uint8Array(hu.length);
  for (let i = 0; i < hu.length; i++)
    grey[i] = Math.max(0, Math.min(255, Math.round(((hu[i]! - low) / (high - low)) * 255)));
  return grey;
}

/** Hounsfield units to unsigned 16 bits. */
export function toOffset(hu: Int16Array, { offset }: HounsfieldWindow): Uint16Array {
  const values = new Uint16Array(hu.length);
  for (let i = 0; i < hu.length; i++) values[i] = Math.max(0, hu[i]! + offset);
  return values;
}
