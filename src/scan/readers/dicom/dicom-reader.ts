/**
 * A DICOM series: one file a slice, in the order of their positions. Headers are read when the scan is
 * opened, pixel data slice by slice.
 */
import { ScanError } from '../../errors.js';
import { shapeRefused } from '../../limits.js';
import { decoding, type OpenScan, type ScanReader } from '../reader.js';
import type { ScanSource } from '../source.js';
import { syntaxRefused } from './codecs.js';
import { elementsOf, headerOf, readHeader, type PixelFormat } from './header.js';
import { dtypeOf, slicePixels, unitOf } from './pixels.js';
import { placementOf } from './placement.js';
import { isPlaced, stackKey, stackOf, type InPlane, type PlacedSlice, type Stack } from './stack.js';

export const dicomReader: ScanReader = {
  format: 'dicom',
  async open(source, files) {
    const { limits } = source;
    const [first] = files;
    if (first === undefined) throw new ScanError('.', 'expected at least one slice');
    if (files.length > limits.slices)
      throw new ScanError(first, `has ${files.length} slices; at most ${limits.slices} are read`);
    const placed: PlacedSlice[] = [];
    for (const file of files) {
      const header = await readHeader(source.path(file), file, limits);
      if (!isPlaced(header))
        throw new ScanError(file, 'a DICOM file without a picture, its position or its pixel spacing');
      const refused = syntaxRefused(header.pixels.syntax);
      if (refused !== null) throw new ScanError(file, refused);
      placed.push(header);
    }
    const stack = stackOf(placed);
    if ('reason' in stack) throw new ScanError(first, stack.reason);
    const refused = shapeRefused(stack.shape, limits);
    if (refused !== null) throw new ScanError(first, refused);
    const format = placed[0]!.pixels;
    const odd = placed.find(
      ({ pixels }) => unitOf(pixels) !== unitOf(format) || dtypeOf(pixels) !== dtypeOf(format),
    );
    if (odd !== undefined)
      throw new ScanError(odd.file, 'a slice whose values are of another type than the rest');
    return {
      shape: stack.shape,
      dtype: dtypeOf(format),
      unit: unitOf(format),
      spacing: stack.spacing,
      placement: placementOf(stack),
      slices: () => slices(source, stack),
    } satisfies OpenScan;
  },
};

async function* slices(source: ScanSource, stack: Stack): AsyncGenerator<Float32Array> {
  const { limits } = source;
  for (const slice of stack.slices) {
    const { file } = slice;
    const bytes = source.bytes(file);
    const header = headerOf(file, bytes, limits);
    if (!isPlaced(header) || stackKey(header) !== stackKey(slice))
      throw new ScanError(file, 'the file changed while it was read');
    const values = await decoding(file, 'the pixel data are damaged', () =>
      slicePixels(file, elementsOf(file, bytes, limits), header.pixels),
    );
    yield turn(values, header.pixels, stack.inPlane);
  }
}

function turn(values: Float32Array, { rows, columns }: PixelFormat, inPlane: InPlane): Float32Array {
  const { transposed, heightBackwards, widthBackwards } = inPlane;
  if (!transposed && !heightBackwards && !widthBackwards) return values;
  const [height, width] = transposed ? [columns, rows] : [rows, columns];
  const [down, across] = transposed ? [1, columns] : [columns, 1];
  const turned = new Float32Array(values.length);
  for (let y = 0, i = 0; y < height; y++) {
    const line = down * (heightBackwards ? height - 1 - y : y);
    for (let x = 0; x < width; x++, i++)
      turned[i] = values[line + across * (widthBackwards ? width - 1 - x : x)]!;
  }
  return turned;
}
