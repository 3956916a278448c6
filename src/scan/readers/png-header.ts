/**
 * A PNG file checked from outside, before any decoder sees it (PNG specification, third edition).
 *
 * Walks the chunks by hand: lengths, checksums, order; refuses declared sizes over the limits; inflates
 * the pixel data with the exact number of bytes the header implies as a bound, because decoders accept
 * too much data and some accept too little. Hands on a clean copy with the pixel chunks alone: text,
 * profiles and gamma can neither blow up nor change a value.
 */
import { constants, crc32, inflateSync } from 'node:zlib';
import { ScanError, reasonOf } from '../errors.js';
import { shapeRefused, type ScanLimits } from '../limits.js';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
  readonly bits: 8 | 16;
}

export interface CheckedPicture extends PictureSize {
  readonly colour: boolean;
  /** What the decoder gets. */
  readonly bytes: Buffer;
}

/** A PNG whose chunks are what they should be, its pixel data not looked at. */
export interface PngChunks extends PictureSize {
  /** Grey values of 8 or 16 bits, not interlaced: nothing but rows. */
  readonly isPlain: boolean;
  readonly colour: boolean;
  /** Bytes that the pixel data must unpack to. */
  readonly unpacked: number;
  readonly data: readonly Buffer[];
  /** All that a decoder needs. */
  readonly parts: readonly Buffer[];
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const kept = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND']);

/** Samples a pixel and allowed bit depths, by colour type. */
const colourTypes = new Map<number, { samples: number; depths: readonly number[] }>([
  [0, { samples: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { samples: 3, depths: [8, 16] }],
  [3, { samples: 1, depths: [1, 2, 4, 8] }],
  [4, { samples: 2, depths: [8, 16] }],
  [6, { samples: 4, depths: [8, 16] }],
]);

/** First column and row, and steps, of the seven passes of an interlaced picture. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, 8).equals(signature);
}

/** Header and chunks. Errors: ScanError for every deviation; `name` is the file in its message. */
export function pngChunks(name: string, bytes: Buffer, limits: ScanLimits): PngChunks {
  const fail = (reason: string): never => {
    throw new ScanError(name, reason);
  };
  if (bytes.length < 33 || bytes.toString('latin1', 12, 16) !== 'IHDR') fail('a PNG without a header');
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const [depth, type, compression, filter, interlace] = [...bytes.subarray(24, 29)];
  const refused = shapeRefused([1, height, width], limits);
  if (refused !== null) fail(refused);
  const colour = colourTypes.get(type!);
  if (!colour?.depths.includes(depth!) || compression !== 0 || filter !== 0 || interlace! > 1)
    return fail('a PNG header with values that do not exist');

  const parts: Buffer[] = [signature];
  const data: Buffer[] = [];
  let ended = false;
  for (let at = 8; !ended;) {
    if (at + 12 > bytes.length) fail('the PNG is truncated');
    const length = bytes.readUInt32BE(at);
    const end = at + 12 + length;
    if (end > bytes.length) fail('the PNG is truncated');
    const kind = bytes.toString('latin1', at + 4, at + 8);
    if (kept.has(kind)) {
      if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4))
        fail(`the checksum of a PNG chunk (${kind}) is wrong`);
      if (kind === 'IHDR' && (at !== 8 || length !== 13)) fail('a PNG with more than one header');
      if (kind === 'IDAT') data.push(bytes.subarray(at + 8, end - 4));
      parts.push(bytes.subarray(at, end));
    } else if (kind === 'acTL') {
      fail('an animated PNG is no slice');
    } else if ((kind.charCodeAt(0) & 0x20) === 0) {
      fail(`a PNG with an unknown critical chunk (${kind})`);
    }
    ended = kind === 'IEND';
    at = end;
  }
  const bitsPerPixel = depth! * colour.samples;
  return {
    width,
    height,
    bits: depth === 16 ? 16 : 8,
    isPlain: type === 0 && depth! >= 8 && interlace === 0,
    colour: type === 2 || type === 3 || type === 6,
    unpacked:
      interlace === 0 ? scanlineBytes(width, height, bitsPerPixel) : adam7Bytes(width, height, bitsPerPixel),
    data,
    parts,
  };
}

/** The rest of the checks. Errors: ScanError. */
export function checkPng(name: string, { unpacked, data, parts, ...picture }: PngChunks): CheckedPicture {
  checkData(name, data, unpacked);
  const { width, height, bits, colour } = picture;
  return { width, height, bits, colour, bytes: Buffer.concat(parts) };
}

/** The inflated pixel data must have exactly the bytes that the header implies. */
function checkData(name: string, data: readonly Buffer[], expected: number): void {
  let inflated: Buffer;
  try {
    inflated = inflateSync(Buffer.concat(data), {
      maxOutputLength: expected,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
  } catch (error) {
    const tooLong = error instanceof RangeError;
    throw new ScanError(
      name,
      tooLong
        ? 'the PNG holds more pixel data than it declares'
        : `the pixel data of the PNG is damaged (${reasonOf(error)})`,
    );
  }
  if (inflated.length !== expected)
    throw new ScanError(
      name,
      `the PNG holds less pixel data than it declares: expected ${expected} bytes, got ${inflated.length}`,
    );
}

/** Each row is a filter byte and its pixels, rounded up to whole bytes. */
function scanlineBytes(width: number, height: number, bitsPerPixel: number): number {
  return width === 0 ? 0 : height * (1 + Math.ceil((width * bitsPerPixel) / 8));
}

function adam7Bytes(width: number, height: number, bitsPerPixel: number): number {
  let total = 0;
  for (const [x, y, stepX, stepY] of adam7) {
    total += scanlineBytes(
      Math.max(0, Math.ceil((width - x) / stepX)),
      Math.max(0, Math.ceil((height - y) / stepY)),
      bitsPerPixel,
    );
  }
  return total;
}
