/**
 * PNG and JPEG slices: one file a slice. Grey PNG files are decoded by the native codec where it is there, all
 * others by sharp.
 *
 * sharp returns three channels and eight bits unless it is told otherwise, so the colour space is always
 * set: grey files stay grey and 16 bits stay 16. Colour files (many CT slices were saved so) become grey.
 */
import type { NativeCodec } from '../native-codec.js';
import { ScanError } from '../errors.js';
import { shapeRefused } from '../limits.js';
import { checkJpeg, isJpeg } from './jpeg-header.js';
import {
  checkPng,
  isPng,
  pngChunks,
  type CheckedPicture,
  type PictureSize,
  type PngChunks,
} from './png-header.js';
import { decoding, greyOf, type OpenScan, type ScanReader, type SliceValues } from './reader.js';
import { loadSharp } from './sharp.js';
import type { ScanSource } from './source.js';

/** Pixels by the native codec; the next picture may take their memory. */
interface UnpackedPicture extends PictureSize {
  readonly pixels: Uint8Array | Uint16Array;
}

/** A picture that is whole: decoded already, or for sharp to decode. */
type Picture = UnpackedPicture | CheckedPicture;

export const imageReader: ScanReader = {
  format: 'image',
  async open(source, files) {
    const [first] = files;
    if (first === undefined) throw new ScanError('.', 'expected at least one slice');
    const picture = check(source, first, new Unpacker(source.codec));
    const { width, height, bits } = picture;
    const shape = [files.length, height, width] as const;
    const refused = shapeRefused(shape, source.limits);
    if (refused !== null) throw new ScanError(first, refused);
    return await Promise.resolve({
      shape,
      dtype: bits === 16 ? 'uint16' : 'uint8',
      unit: bits === 16 ? 'offset-hu' : 'grey',
      spacing: null,
      placement: null,
      slices: () => slices(source, files, picture),
    } satisfies OpenScan);
  },
};

async function* slices(
  source: ScanSource,
  files: readonly string[],
  first: Picture,
): AsyncGenerator<SliceValues> {
  const unpacker = new Unpacker(source.codec);
  for (const [z, file] of files.entries()) {
    const picture = z === 0 ? first : check(source, file, unpacker);
    if (picture.width !== first.width || picture.height !== first.height || picture.bits !== first.bits) {
      throw new ScanError(file, `a slice of ${sizeOf(picture)}, in a scan of ${sizeOf(first)}`);
    }
    yield 'pixels' in picture ? picture.pixels : await decode(file, picture);
  }
}

function sizeOf({ width, height, bits }: PictureSize): string {
  return `${width} x ${height}, ${bits} bits`;
}

function check(source: ScanSource, file: string, unpacker: Unpacker): Picture {
  const bytes = source.bytes(file);
  if (isPng(bytes)) {
    const chunks = pngChunks(file, bytes, source.limits);
    return unpacker.unpack(chunks) ?? checkPng(file, chunks);
  }
  if (isJpeg(bytes)) return checkJpeg(file, bytes, source.limits);
  throw new ScanError(file, 'neither a PNG nor a JPEG, whatever its name says');
}

async function decode(file: string, picture: CheckedPicture): Promise<Float32Array> {
  const { width, height, bits, colour } = picture;
  const wide = bits === 16;
  const space = colour ? (wide ? 'rgb16' : 'srgb') : wide ? 'grey16' : 'b-w';
  const sharp = await loadSharp();
  const { data, info } = await decoding(file, 'the picture is damaged', () =>
    sharp(picture.bytes, { failOn: 'warning', limitInputPixels: width * height, ignoreIcc: true })
      .toColourspace(space)
      .raw({ depth: wide ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true }),
  );
  const { channels } = info;
  if (
    info.width !== width ||
    info.height !== height ||
    data.length !== width * height * channels * (wide ? 2 : 1)
  ) {
    throw new ScanError(
      file,
      `decoded to ${info.width} x ${info.height}; declared were ${width} x ${height}`,
    );
  }
  const values = wide
    ? new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length))
    : data;
  const slice = new Float32Array(width * height);
  for (let i = 0, at = 0; i < slice.length; i++, at += channels) {
    slice[i] = colour && channels >= 3 ? greyOf(values[at]!, values[at + 1]!, values[at + 2]!) : values[at]!;
  }
  return slice;
}

/** Unpacks plain PNG files one after the other, in memory that it uses again. */
class Unpacker {
  private packed = Buffer.alloc(0);
  private pixels: Uint8Array | Uint16Array = new Uint8Array(0);

  constructor(private readonly codec: NativeCodec | null) {}

  /** Null where the codec does not take a picture: then the others find out why. */
  unpack({ width, height, bits, isPlain, data }: PngChunks): UnpackedPicture | null {
    if (this.codec === null || !isPlain) return null;
    const Pixels = bits === 16 ? Uint16Array : Uint8Array;
    if (!(this.pixels instanceof Pixels) || this.pixels.length !== width * height)
      this.pixels = new Pixels(width * height);
    const { pixels } = this;
    return this.codec.unpackPng(this.joined(data), width, height, pixels)
      ? { width, height, bits, pixels }
      : null;
  }

  private joined(data: readonly Buffer[]): Buffer {
    const length = data.reduce((sum, part) => sum + part.length, 0);
    if (this.packed.length < length) this.packed = Buffer.allocUnsafeSlow(2 * length);
    let at = 0;
    for (const part of data) at += part.copy(this.packed, at);
    return this.packed.subarray(0, length);
  }
}
