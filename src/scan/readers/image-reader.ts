/**
 * PNG and JPEG slices: one file a slice, decoded by sharp.
 *
 * sharp returns three channels and eight bits unless it is told otherwise, so the colour space is always
 * set: grey files stay grey and 16 bits stay 16. Colour files (many CT slices were saved so) become grey.
 */
import { join } from 'node:path';
import sharp from 'sharp';
import { ScanError } from '../errors.js';
import { shapeRefused, type ScanLimits } from '../limits.js';
import { checkJpeg, isJpeg } from './jpeg-header.js';
import { checkPng, isPng, type CheckedPicture } from './png-header.js';
import { decoding, greyOf, readWhole, type OpenScan, type ScanReader } from './reader.js';

// Slices are read once: a cache of them would only hold memory. The pool decides how many cores work.
sharp.cache(false);
sharp.concurrency(1);

type PictureSize = Pick<CheckedPicture, 'width' | 'height' | 'bits'>;

export const imageReader: ScanReader = {
  format: 'image',
  async open(root, files, limits) {
    const [first] = files;
    if (first === undefined) throw new ScanError('.', 'expected at least one slice');
    const { width, height, bits } = await check(root, first, limits);
    const shape = [files.length, height, width] as const;
    const refused = shapeRefused(shape, limits);
    if (refused !== null) throw new ScanError(first, refused);
    return {
      shape,
      dtype: bits === 16 ? 'uint16' : 'uint8',
      unit: bits === 16 ? 'offset-hu' : 'grey',
      spacing: null,
      placement: null,
      slices: () => slices(root, files, limits, { width, height, bits }),
    } satisfies OpenScan;
  },
};

async function* slices(
  root: string,
  files: readonly string[],
  limits: ScanLimits,
  first: PictureSize,
): AsyncGenerator<Float32Array> {
  for (const file of files) {
    const picture = await check(root, file, limits);
    if (picture.width !== first.width || picture.height !== first.height || picture.bits !== first.bits) {
      throw new ScanError(file, `a slice of ${sizeOf(picture)}, in a scan of ${sizeOf(first)}`);
    }
    yield await decode(file, picture);
  }
}

function sizeOf({ width, height, bits }: PictureSize): string {
  return `${width} x ${height}, ${bits} bits`;
}

async function check(root: string, file: string, limits: ScanLimits): Promise<CheckedPicture> {
  const bytes = await readWhole(join(root, file), file, limits);
  if (isPng(bytes)) return checkPng(file, bytes, limits);
  if (isJpeg(bytes)) return checkJpeg(file, bytes, limits);
  throw new ScanError(file, 'neither a PNG nor a JPEG, whatever its name says');
}

async function decode(file: string, picture: CheckedPicture): Promise<Float32Array> {
  const { width, height, bits, colour } = picture;
  const wide = bits === 16;
  const space = colour ? (wide ? 'rgb16' : 'srgb') : wide ? 'grey16' : 'b-w';
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
