/**
 * What is read of the header of a DICOM slice (PS3.3, C.7.6 and C.8.2), and nothing else of it.
 *
 * The patient's id is hashed here unless the caller asks otherwise; the UIDs serve to group files and are
 * shown nowhere.
 */
import { createHash } from 'node:crypto';
import { open as openFile } from 'node:fs/promises';
import { ScanError, reasonOf } from '../../errors.js';
import { shapeRefused, type ScanLimits } from '../../limits.js';
import { HeadTooShort, isDicom, readElements, type DicomElements } from './elements.js';

type Vector = readonly [x: number, y: number, z: number];

/** How the stored values of a slice become values. */
export interface PixelFormat {
  readonly syntax: string;
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** Greater values are darker (MONOCHROME1). */
  readonly inverted: boolean;
  /** Null where the file has no rescale slope. */
  readonly rescale: { readonly slope: number; readonly intercept: number } | null;
}

export interface DicomHeader {
  readonly file: string;
  /** SHA-256 of the patient's id, shortened; null where there is none. */
  readonly patient: string | null;
  readonly study: string;
  readonly series: string;
  readonly seriesNumber: number | null;
  readonly modality: string;
  /** A scout view (ImageType LOCALIZER). */
  readonly localizer: boolean;
  /** A reformat or another thing computed from images (ImageType DERIVED). */
  readonly derived: boolean;
  /** Degrees; 0 where the file does not say. */
  readonly tilt: number;
  /** Centre of the first pixel, millimetres, in DICOM's patient coordinates (+x left, +y back, +z head). */
  readonly position: Vector | null;
  /** Directions of a row's pixels and of a column's pixels. */
  readonly directions: readonly [row: Vector, column: Vector] | null;
  /** Millimetres between rows and between columns. */
  readonly pixelSpacing: readonly [y: number, x: number] | null;
  /** Null where the file holds no picture. */
  readonly pixels: PixelFormat | null;
}

const tag = {
  imageType: 0x0008_0008,
  sopClass: 0x0008_0016,
  modality: 0x0008_0060,
  patientId: 0x0010_0020,
  tilt: 0x0018_1120,
  study: 0x0020_000d,
  series: 0x0020_000e,
  seriesNumber: 0x0020_0011,
  position: 0x0020_0032,
  directions: 0x0020_0037,
  samples: 0x0028_0002,
  photometric: 0x0028_0004,
  frames: 0x0028_0008,
  rows: 0x0028_0010,
  columns: 0x0028_0011,
  pixelSpacing: 0x0028_0030,
  bitsAllocated: 0x0028_0100,
  bitsStored: 0x0028_0101,
  highBit: 0x0028_0102,
  representation: 0x0028_0103,
  intercept: 0x0028_1052,
  slope: 0x0028_1053,
} as const;
const wanted: ReadonlySet<number> = new Set(Object.values(tag));

/** Enhanced CT, MR, PET and their like keep geometry in a sequence a frame. */
const ENHANCED = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(2\.1|2\.2|4\.1|4\.3|128\.1|130)$/;
/** Longest text of a header that is looked at, bytes. */
const LONGEST = 1024;
const FIRST_PIECE = 16 * 1024;

/** Errors: ScanError for whatever is no DICOM slice that can be read. */
export function headerOf(name: string, bytes: Buffer, limits: ScanLimits): DicomHeader {
  return facts(name, elementsOf(name, bytes, limits), limits);
}

/** Elements of a whole file. */
export function elementsOf(name: string, bytes: Buffer, limits: ScanLimits): DicomElements {
  try {
    return readElements(name, bytes, wanted, limits.fileBytes);
  } catch (error) {
    if (error instanceof HeadTooShort) throw new ScanError(name, 'the DICOM file is truncated or damaged');
    throw error;
  }
}

/**
 * Reads the header without the pixel data: a first piece of the file, and more only where that is too
 * short.
 * Errors: ScanError
 */
export async function readHeader(path: string, name: string, limits: ScanLimits): Promise<DicomHeader> {
  const file = await openFile(path, 'r').catch((error: unknown) => {
    throw new ScanError(name, `cannot be read (${reasonOf(error)})`, { cause: error });
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new ScanError(name, 'expected a file');
    if (stat.size === 0) throw new ScanError(name, 'the file is empty');
    if (stat.size > limits.fileBytes)
      throw new ScanError(name, `has ${stat.size} bytes; at most ${limits.fileBytes} are read`);
    for (let piece = FIRST_PIECE; ; piece *= 16) {
      const length = Math.min(piece, stat.size);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
      const bytes = buffer.subarray(0, bytesRead);
      if (length === stat.size || !isDicom(bytes)) return headerOf(name, bytes, limits);
      try {
        return facts(name, readElements(name, bytes, wanted, limits.fileBytes), limits);
      } catch (error) {
        if (!(error instanceof HeadTooShort)) throw error;
      }
    }
  } catch (error) {
    if (error instanceof ScanError) throw error;
    throw new ScanError(name, `cannot be read (${reasonOf(error)})`, { cause: error });
  } finally {
    await file.close();
  }
}

function facts(name: string, elements: DicomElements, limits: ScanLimits): DicomHeader {
  const values = new Values(name, elements);
  if (ENHANCED.test(values.text(tag.sopClass)))
    throw new ScanError(
      name,
      'an enhanced multi-frame DICOM file, which is not read: expected a slice a file',
    );
  const imageType = values.text(tag.imageType).split('\\');
  const position = values.numbers(tag.position, 3);
  const directions = values.numbers(tag.directions, 6);
  const spacing = values.numbers(tag.pixelSpacing, 2);
  const [x, y, z, u, v, w] = directions ?? [];
  return {
    file: name,
    patient: patientOf(values.text(tag.patientId)),
    study: values.text(tag.study),
    series: values.text(tag.series),
    seriesNumber: values.numbers(tag.seriesNumber, 1)?.[0] ?? null,
    modality: /^[A-Z]{1,16}$/.exec(values.text(tag.modality))?.[0] ?? 'unknown',
    localizer: imageType.includes('LOCALIZER'),
    derived: imageType[0] === 'DERIVED',
    tilt: values.numbers(tag.tilt, 1)?.[0] ?? 0,
    position: position === null ? null : [position[0]!, position[1]!, position[2]!],
    directions:
      directions === null
        ? null
        : [
            [x!, y!, z!],
            [u!, v!, w!],
          ],
    pixelSpacing: spacing === null || !spacing.every((mm) => mm > 0) ? null : [spacing[0]!, spacing[1]!],
    pixels: elements.pixels === null ? null : pixelFormat(name, elements.syntax, values, limits),
  };
}

function pixelFormat(name: string, syntax: string, values: Values, limits: ScanLimits): PixelFormat {
  const fail = (reason: string): never => {
    throw new ScanError(name, reason);
  };
  const [rows, columns] = [values.short(tag.rows), values.short(tag.columns)];
  const refused = shapeRefused([1, rows, columns], limits);
  if (refused !== null) fail(refused);
  const frames = values.numbers(tag.frames, 1)?.[0] ?? 1;
  if (frames !== 1) fail(`a DICOM file of ${frames} frames, which is not read: expected a slice a file`);
  const samples = values.short(tag.samples);
  const photometric = values.text(tag.photometric);
  if (samples !== 1 || !/^MONOCHROME[12]$/.test(photometric))
    fail(`a DICOM picture of ${samples} samples a pixel: expected grey values (MONOCHROME1 or 2)`);
  const bitsAllocated = values.short(tag.bitsAllocated);
  const bitsStored = values.short(tag.bitsStored);
  const highBit = values.short(tag.highBit);
  const lowest = highBit - bitsStored + 1;
  if (
    (bitsAllocated !== 8 && bitsAllocated !== 16) ||
    bitsStored < 1 ||
    lowest < 0 ||
    highBit >= bitsAllocated
  )
    return fail(
      `a DICOM picture of ${bitsStored} bits stored in ${bitsAllocated}, highest ${highBit}: ` +
        'expected up to 16 bits in 8 or 16',
    );
  const slope = values.numbers(tag.slope, 1)?.[0];
  const intercept = values.numbers(tag.intercept, 1)?.[0] ?? 0;
  return {
    syntax,
    rows,
    columns,
    bitsAllocated,
    bitsStored,
    highBit,
    signed: values.short(tag.representation) === 1,
    inverted: photometric === 'MONOCHROME1',
    rescale: slope === undefined || slope === 0 ? null : { slope, intercept },
  };
}

/** The same id gives the same name in every run; a different purpose of the hash gives another one. */
function patientOf(id: string): string | null {
  if (id === '') return null;
  return `p-${createHash('sha256').update(`emars patient\0${id}`).digest('hex').slice(0, 12)}`;
}

class Values {
  constructor(
    private readonly name: string,
    private readonly elements: DicomElements,
  ) {}

  text(key: number): string {
    const place = this.elements.places.get(key);
    if (place === undefined) return '';
    const { at, length } = place;
    const value = this.elements.bytes.toString('latin1', at, at + Math.min(length, LONGEST));
    return value.replace(/^[\0 ]+|[\0 ]+$/g, '');
  }

  /** `count` decimal numbers, or null where the element is absent, short, or holds anything else. */
  numbers(key: number, count: number): number[] | null {
    const parts = this.text(key)
      .split('\\')
      .map((part) => part.trim());
    if (parts.length < count || parts.slice(0, count).some((part) => part === '')) return null;
    const numbers = parts.slice(0, count).map(Number);
    return numbers.every(Number.isFinite) ? numbers : null;
  }

  /** An unsigned 16-bit value; 0 where it is absent. */
  short(key: number): number {
    const place = this.elements.places.get(key);
    if (place === undefined) return 0;
    if (place.length !== 2) throw new ScanError(this.name, 'a DICOM number of another length than its own');
    const { bytes, bigEndian } = this.elements;
    return bigEndian ? bytes.readUInt16BE(place.at) : bytes.readUInt16LE(place.at);
  }
}
