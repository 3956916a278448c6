/** Pixel data of a DICOM slice → values: Hounsfield units where the file rescales (PS3.3, C.7.6.3, C.11.1). */
import { ScanError } from '../../errors.js';
import { decoding, type ValueType, type ValueUnit } from '../reader.js';
import { decompress, isUncompressed, syntaxRefused, type StoredValues } from './codecs.js';
import { joinFragments, type DicomElements } from './elements.js';
import type { PixelFormat } from './header.js';

/** `[rows * columns]` values. Errors: ScanError */
export async function slicePixels(
  name: string,
  elements: DicomElements,
  format: PixelFormat,
): Promise<Float32Array> {
  const stored = await storedValues(name, elements, format);
  const { bitsStored, highBit, signed, rescale } = format;
  const lowest = highBit - bitsStored + 1;
  const mask = 2 ** bitsStored - 1;
  const half = 2 ** (bitsStored - 1);
  const { slope, intercept } = rescale ?? { slope: 1, intercept: 0 };
  // MONOCHROME1 is about the screen: it turns grey values round, Hounsfield units never.
  const inverted = format.inverted && unitOf(format) === 'grey';
  const slice = new Float32Array(stored.length);
  for (let i = 0; i < slice.length; i++) {
    let value = (stored[i]! >> lowest) & mask;
    if (signed && value >= half) value -= 2 * half;
    slice[i] = inverted ? mask - value : value * slope + intercept;
  }
  return slice;
}

export function dtypeOf({ bitsAllocated, signed }: PixelFormat): ValueType {
  return bitsAllocated === 8 ? (signed ? 'int8' : 'uint8') : signed ? 'int16' : 'uint16';
}

/** As for the other formats (`window.ts`), by the type alone: rescaled values are Hounsfield units. */
export function unitOf({ bitsAllocated, signed, rescale }: PixelFormat): ValueUnit {
  if (
    bitsAllocated === 8 &&
    !signed &&
    (rescale === null || (rescale.slope === 1 && rescale.intercept === 0))
  )
    return 'grey';
  return rescale === null && !signed ? 'offset-hu' : 'hu';
}

async function storedValues(
  name: string,
  { bytes, bigEndian, pixels }: DicomElements,
  format: PixelFormat,
): Promise<StoredValues> {
  if (pixels === null) throw new ScanError(name, 'a DICOM file without pixel data');
  const refused = syntaxRefused(format.syntax);
  if (refused !== null) throw new ScanError(name, refused);
  if (isUncompressed(format.syntax) === pixels.encapsulated)
    throw new ScanError(name, 'pixel data that contradict their transfer syntax: damaged');
  if (pixels.encapsulated) {
    const picture = joinFragments(name, bytes, pixels.at);
    return decoding(name, 'the compressed pixel data are damaged', () => decompress(picture, format));
  }
  const { rows, columns, bitsAllocated } = format;
  const length = (rows * columns * bitsAllocated) / 8;
  if (pixels.length < length || pixels.at + pixels.length > bytes.length)
    throw new ScanError(name, 'the pixel data are shorter than the declared size: truncated or damaged');
  if (bitsAllocated === 8) return bytes.subarray(pixels.at, pixels.at + length);
  const values = new Uint16Array(rows * columns);
  for (let i = 0, at = pixels.at; i < values.length; i++, at += 2)
    values[i] = bigEndian ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at);
  return values;
}
