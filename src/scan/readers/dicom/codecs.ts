/**
 * Compressed pixel data → stored values. Which package decodes what, and why: docs/decisions/0143-dicom.md.
 *
 * Decoders are loaded when the first file asks for them. Each picture's own header has been compared with
 * the DICOM header before, so none of them allocates more than one slice.
 */
import { unpackBits } from '../pack-bits.js';
import { loadSharp } from '../sharp.js';
import { declaredBy, type CodestreamKind } from './codestream.js';
import type { PixelFormat } from './header.js';

/** Stored values of a slice, not yet masked to the bits that count. */
export type StoredValues = Uint8Array | Uint16Array;

type Decode = (bytes: Buffer, format: PixelFormat) => StoredValues | Promise<StoredValues>;

interface Codec {
  readonly kind: CodestreamKind | 'rle';
  readonly decode: Decode;
}

const jpeg: Codec = { kind: 'jpeg', decode: decodeJpeg };
const lossless: Codec = { kind: 'jpeg-lossless', decode: decodeLossless };
const jpegLs: Codec = {
  kind: 'jpeg-ls',
  decode: once(async () => {
    const { default: make } = await import('@cornerstonejs/codec-charls/decodewasmjs');
    return (await quietly(make)).JpegLSDecoder;
  }),
};
const jpeg2000: Codec = {
  kind: 'jpeg-2000',
  decode: once(async () => {
    const { default: make } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
    return (await quietly(make)).J2KDecoder;
  }),
};

/** By the last numbers of the transfer syntax UID, after 1.2.840.10008.1.2. */
const codecs: ReadonlyMap<string, Codec> = new Map([
  ['4.50', jpeg],
  ['4.57', lossless],
  ['4.70', lossless],
  ['4.80', jpegLs],
  ['4.81', jpegLs],
  ['4.90', jpeg2000],
  ['4.91', jpeg2000],
  ['5', { kind: 'rle', decode: decodeRle }],
]);
const ROOT = '1.2.840.10008.1.2.';
const uncompressed = new Set(['1.2.840.10008.1.2', `${ROOT}1`, `${ROOT}1.99`, `${ROOT}2`]);

export function isUncompressed(syntax: string): boolean {
  return uncompressed.has(syntax);
}

/** Why a transfer syntax is not read, or null. */
export function syntaxRefused(syntax: string): string | null {
  if (isUncompressed(syntax) || codecOf(syntax) !== undefined) return null;
  const shown = /^[0-9.]{1,64}$/.test(syntax) ? syntax : 'unknown';
  return (
    `DICOM pixel data of the transfer syntax ${shown}, which is not read: expected none, RLE, JPEG (8 bits), ` +
    'JPEG Lossless, JPEG-LS or JPEG 2000'
  );
}

/**
 * Errors: any Error for damaged data; the caller names the file.
 */
export async function decompress(bytes: Buffer, format: PixelFormat): Promise<StoredValues> {
  const codec = codecOf(format.syntax);
  if (codec === undefined) throw new Error('no codec');
  const { rows, columns } = format;
  if (codec.kind !== 'rle') {
    const declared = declaredBy(bytes, codec.kind);
    if (declared === null) throw new Error(`no ${codec.kind} picture`);
    const { width, height, components, bits } = declared;
    if (width !== columns || height !== rows || components !== 1 || bits > format.bitsAllocated)
      throw new Error(
        `the picture declares ${width} x ${height}, ${components} components of ${bits} bits; ` +
          `the header ${columns} x ${rows}, ${format.bitsAllocated} bits`,
      );
  }
  const values = await codec.decode(bytes, format);
  if (values.length !== rows * columns)
    throw new Error(`decoded to ${values.length} values; expected ${rows * columns}`);
  return values;
}

function codecOf(syntax: string): Codec | undefined {
  return syntax.startsWith(ROOT) ? codecs.get(syntax.slice(ROOT.length)) : undefined;
}

async function decodeJpeg(bytes: Buffer, { rows, columns }: PixelFormat): Promise<StoredValues> {
  const sharp = await loadSharp();
  return sharp(bytes, { failOn: 'warning', limitInputPixels: rows * columns, ignoreIcc: true })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer();
}

async function decodeLossless(bytes: Buffer): Promise<StoredValues> {
  // The decoder does not notice an early end.
  if (bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) < bytes.length - 4)
    throw new Error('the picture has no end');
  const { Decoder } = await import('jpeg-lossless-decoder-js');
  const own = new Uint8Array(bytes).buffer;
  const bits = declaredBy(bytes, 'jpeg-lossless')?.bits ?? 0;
  return words(new Uint8Array(new Decoder().decompress(own, 0, own.byteLength)), bits);
}

/** A header of 64 bytes, then one run-length segment a byte of the value, the high byte first. */
function decodeRle(bytes: Buffer, { rows, columns, bitsAllocated }: PixelFormat): StoredValues {
  const count = rows * columns;
  const planes = bitsAllocated / 8;
  if (bytes.length < 64 || bytes.readUInt32LE(0) !== planes) throw new Error('another number of segments');
  const values = new Uint16Array(count);
  for (let plane = 0; plane < planes; plane++) {
    const start = bytes.readUInt32LE(4 + 4 * plane);
    const end = plane + 1 < planes ? bytes.readUInt32LE(8 + 4 * plane) : bytes.length;
    if (start < 64 || end < start || end > bytes.length) throw new Error('a segment outside of the data');
    const unpacked = unpackBits(bytes.subarray(start, end), count);
    if (unpacked.length !== count) throw new Error('a segment that is too short');
    for (let i = 0; i < count; i++) values[i] = (values[i]! << 8) | unpacked[i]!;
  }
  return values;
}

/** A decoder whose module is made with the first picture and kept. */
function once(load: () => Promise<new () => WasmDecoder>): Decode {
  let loading: Promise<new () => WasmDecoder> | null = null;
  return async (bytes) => {
    loading ??= load();
    const decoder = new (await loading)();
    try {
      decoder.getEncodedBuffer(bytes.length).set(bytes);
      decoder.decode();
      return words(Uint8Array.from(decoder.getDecodedBuffer()), decoder.getFrameInfo().bitsPerSample);
    } catch (error) {
      // Exceptions of the compiled code are thrown as addresses.
      throw error instanceof Error ? error : new Error('damaged');
    } finally {
      decoder.delete();
    }
  };
}

/** Makes a compiled module that prints nothing and leaves no handlers of uncaught errors on the process. */
async function quietly<T>(make: (output: WasmOutput) => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  const silent = (): void => undefined;
  const made = await make({ print: silent, printErr: silent });
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as 'uncaughtException'))
      if (!before[i]!.includes(listener)) process.removeListener(event, listener);
  });
  return made;
}

/** Bytes as values: one byte each up to 8 bits, two, low byte first, above. */
function words(bytes: Uint8Array, bits: number): StoredValues {
  if (bits <= 8) return bytes;
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
}
