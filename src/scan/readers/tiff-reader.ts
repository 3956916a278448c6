/**
 * TIFF slices: one file a slice, or one file whose pages are the slices; 16 bits stay 16. Plain pages are decoded
 * by `tiff-strips.ts`, all others by geotiff.
 *
 * The file is read into memory first and geotiff gets the bytes, so no file handle is left to keep the
 * process alive.
 */
import { ScanError } from '../errors.js';
import { shapeRefused } from '../limits.js';
import {
  decoding,
  greyOf,
  type OpenScan,
  type ScanReader,
  type SliceValues,
  type ValueType,
  type ValueUnit,
} from './reader.js';
import type { ScanSource } from './source.js';
import { checkTiff, type TiffPage } from './tiff-header.js';
import { stripPixels } from './tiff-strips.js';

export const tiffReader: ScanReader = {
  format: 'tiff',
  async open(source, files) {
    const { limits } = source;
    const [first] = files;
    if (first === undefined) throw new ScanError('.', 'expected at least one slice');
    const pages = checkTiff(first, source.bytes(first), limits);
    const { width, height, dtype } = pages[0]!;
    const shape = [files.length === 1 ? pages.length : files.length, height, width] as const;
    const refused = shapeRefused(shape, limits);
    if (refused !== null) throw new ScanError(first, refused);
    return await Promise.resolve({
      shape,
      dtype,
      unit: unitOf(dtype),
      spacing: null,
      placement: null,
      slices: () => slices(source, files, pages[0]!),
    } satisfies OpenScan);
  },
};

/** Unsigned 16-bit values cannot hold Hounsfield units without an offset; eight bits were windowed before. */
function unitOf(dtype: ValueType): ValueUnit {
  if (dtype === 'uint8') return 'grey';
  return dtype === 'uint16' ? 'offset-hu' : 'hu';
}

async function* slices(
  source: ScanSource,
  files: readonly string[],
  first: TiffPage,
): AsyncGenerator<SliceValues> {
  for (const file of files) {
    const bytes = source.bytes(file);
    const pages = checkTiff(file, bytes, source.limits);
    if (files.length > 1 && pages.length > 1)
      throw new ScanError(
        file,
        `has ${pages.length} pages in a scan of ${files.length} files: expected one page a file, or one file`,
      );
    for (const page of pages) {
      if (page.width !== first.width || page.height !== first.height || page.dtype !== first.dtype) {
        throw new ScanError(
          file,
          `a slice of ${page.width} x ${page.height} ${page.dtype} ` +
            `in a scan of ${first.width} x ${first.height} ${first.dtype}`,
        );
      }
      yield (
        stripPixels(bytes, page, source.codec) ??
        (await decoding(file, 'the pixel data of the TIFF is damaged', () => decode(bytes, page)))
      );
    }
  }
}

async function decode(bytes: Buffer, page: TiffPage): Promise<Float32Array> {
  const { width, height, samples } = page;
  // Loaded when it is first needed: that takes longer than a scan.
  const [{ fromArrayBuffer }, { useBoundedDecoders }] = await Promise.all([
    import('geotiff'),
    import('./tiff-decoders.js'),
  ]);
  useBoundedDecoders();
  const tiff = await fromArrayBuffer(new Uint8Array(bytes).buffer);
  const image = await tiff.getImage(page.index);
  const colour = samples >= 3;
  const bands = await image.readRasters({ samples: colour ? [0, 1, 2] : [0], interleave: false });
  const [red, green, blue] = bands;
  if (red === undefined || red.length !== width * height) throw new Error('fewer pixels than declared');
  const slice = new Float32Array(width * height);
  // Only unsigned pictures are stored inverted.
  const top = page.dtype === 'uint8' ? 0xff : 0xffff;
  const turned = page.inverted && (page.dtype === 'uint8' || page.dtype === 'uint16');
  for (let i = 0; i < slice.length; i++) {
    const value =
      colour && green !== undefined && blue !== undefined ? greyOf(red[i]!, green[i]!, blue[i]!) : red[i]!;
    slice[i] = turned ? top - value : value;
  }
  return slice;
}
