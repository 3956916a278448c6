/**
 * The directories of a TIFF (TIFF 6.0; BigTIFF), checked by hand before geotiff sees the file.
 *
 * Finds loops of directories, values and strips that lie outside of the file, sizes over the limits, and
 * kinds of picture that are not read. Every offset is compared with the size of the file.
 */
import { ScanError } from '../errors.js';
import { shapeRefused, type ScanLimits } from '../limits.js';
import type { ValueType } from './reader.js';

export interface TiffPage {
  /** Index of the directory in the file, from 0. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly dtype: ValueType;
  readonly samples: number;
  /** Greater values are darker (PhotometricInterpretation 0). */
  readonly inverted: boolean;
  /** Where the pixel data lies; null for tiles. */
  readonly strips: TiffStrips | null;
}

export interface TiffStrips {
  readonly compression: number;
  readonly predictor: number;
  /** Rows of a strip; the last one may have fewer. */
  readonly rows: number;
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  /** Order of the bytes of a value. */
  readonly little: boolean;
}

const tag = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  sampleFormat: 339,
} as const;

/** Bytes of a value, by field type; 0 = unknown. */
const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const compressions = new Set([1, 5, 8, 32946, 32773]);
const dtypes = new Map<string, ValueType>([
  ['1/8', 'uint8'],
  ['1/16', 'uint16'],
  ['1/32', 'uint32'],
  ['2/8', 'int8'],
  ['2/16', 'int16'],
  ['2/32', 'int32'],
  ['3/32', 'float32'],
  ['3/64', 'float64'],
]);

interface Field {
  readonly type: number;
  readonly count: number;
  readonly at: number;
}

/**
 * Pages of a TIFF in order; reduced copies of a page (thumbnails) are left out.
 * Errors: ScanError for every deviation.
 */
export function checkTiff(name: string, bytes: Buffer, limits: ScanLimits): TiffPage[] {
  return new Header(name, bytes, limits).pages();
}

class Header {
  private readonly view: DataView;
  private readonly little: boolean;
  private readonly big: boolean;

  constructor(
    private readonly name: string,
    private readonly bytes: Buffer,
    private readonly limits: ScanLimits,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const mark = bytes.toString('latin1', 0, 2);
    this.little = mark === 'II';
    if (bytes.length < 16 || (mark !== 'II' && mark !== 'MM'))
      this.fail('not a TIFF, whatever its name says');
    const version = this.view.getUint16(2, this.little);
    this.big = version === 43;
    if (version !== 42 && !(this.big && this.view.getUint16(4, this.little) === 8))
      this.fail('not a TIFF, whatever its name says');
  }

  pages(): TiffPage[] {
    const pages: TiffPage[] = [];
    const visited = new Set<number>();
    let at = this.big ? this.long(8) : this.view.getUint32(4, this.little);
    for (let index = 0; at !== 0; index++) {
      if (visited.has(at)) this.fail('the directories of the TIFF form a loop');
      visited.add(at);
      if (index >= 2 * this.limits.slices) this.fail(`has more than ${2 * this.limits.slices} directories`);
      const { fields, next } = this.directory(at);
      if ((this.value(fields, tag.subfile, 0) & 1) === 0) pages.push(this.page(fields, index));
      if (pages.length > this.limits.slices) this.fail(`has more than ${this.limits.slices} pages`);
      at = next;
    }
    if (pages.length === 0) this.fail('a TIFF without a picture');
    return pages;
  }

  private directory(at: number): { fields: Map<number, Field>; next: number } {
    const [countBytes, entryBytes, valueAt, valueBytes] = this.big ? [8, 20, 12, 8] : [2, 12, 8, 4];
    this.inside(at, countBytes, 'a directory');
    const count = this.big ? this.long(at) : this.view.getUint16(at, this.little);
    this.inside(at + countBytes, count * entryBytes + valueBytes, 'a directory');
    const fields = new Map<number, Field>();
    for (let i = 0; i < count; i++) {
      const entry = at + countBytes + i * entryBytes;
      const type = this.view.getUint16(entry + 2, this.little);
      const values = this.big ? this.long(entry + 4) : this.view.getUint32(entry + 4, this.little);
      const size = typeBytes[type] ?? 0;
      if (size === 0) this.fail(`a TIFF field of the unknown type ${type}`);
      const inline = values <= valueBytes / size;
      const place = inline
        ? entry + valueAt
        : this.big
          ? this.long(entry + valueAt)
          : this.view.getUint32(entry + valueAt, this.little);
      if (values > Math.floor(this.bytes.length / size))
        this.fail('a TIFF field with more values than the file has bytes');
      if (!inline) this.inside(place, values * size, 'a field');
      fields.set(this.view.getUint16(entry, this.little), { type, count: values, at: place });
    }
    const next = at + countBytes + count * entryBytes;
    return { fields, next: this.big ? this.long(next) : this.view.getUint32(next, this.little) };
  }

  private page(fields: Map<number, Field>, index: number): TiffPage {
    const width = this.value(fields, tag.width, 0);
    const height = this.value(fields, tag.height, 0);
    const refused = shapeRefused([1, height, width], this.limits);
    if (refused !== null) this.fail(refused);
    const samples = this.value(fields, tag.samples, 1);
    const bits = this.all(fields, tag.bits, 1);
    const formats = this.all(fields, tag.sampleFormat, 1);
    const photometric = this.value(fields, tag.photometric, 1);
    const dtype = dtypes.get(`${formats[0]}/${bits[0]}`);
    if (dtype === undefined || new Set(bits).size > 1 || new Set(formats).size > 1) {
      return this.fail(
        `a TIFF with values of ${bits.join(', ')} bits (sample format ${formats[0]}): expected 8, 16, 32 bits or float`,
      );
    }
    const colour = photometric === 2 && (samples === 3 || samples === 4);
    if (!colour && !(photometric <= 1 && (samples === 1 || samples === 2)))
      this.fail(`a TIFF that is neither grey nor RGB (photometric ${photometric}, ${samples} samples)`);
    const compression = this.value(fields, tag.compression, 1);
    if (!compressions.has(compression))
      this.fail(`a TIFF with compression ${compression}: expected none, LZW, Deflate or PackBits`);
    const predictor = this.value(fields, tag.predictor, 1);
    if (predictor > 3 || (predictor !== 1 && !this.little && bits[0] !== 8))
      this.fail(
        `a TIFF with predictor ${predictor}${this.little ? '' : ' in big-endian order'}, which is not read`,
      );
    const { rows, offsets, sizes } = this.blocks(fields, {
      width,
      height,
      bytes: (bits[0]! / 8) * samples,
      planes: this.value(fields, tag.planar, 1) === 2 ? samples : 1,
      raw: compression === 1,
    });
    const { little } = this;
    const strips = fields.has(tag.tileOffsets)
      ? null
      : { compression, predictor, rows, offsets, sizes, little };
    return { index, width, height, dtype, samples, inverted: photometric === 0, strips };
  }

  /** Strips or tiles: as many as the size asks for, and all of them inside the file. */
  private blocks(
    fields: Map<number, Field>,
    page: { width: number; height: number; bytes: number; planes: number; raw: boolean },
  ): { rows: number; offsets: number[]; sizes: number[] } {
    const tiled = fields.has(tag.tileOffsets);
    const blockWidth = tiled ? this.value(fields, tag.tileWidth, 0) : page.width;
    const blockHeight = tiled
      ? this.value(fields, tag.tileHeight, 0)
      : Math.min(page.height, this.value(fields, tag.rowsPerStrip, page.height));
    const refused = shapeRefused([1, blockHeight, blockWidth], this.limits);
    if (refused !== null) this.fail(`a strip or tile ${refused}`);
    const across = Math.ceil(page.width / blockWidth);
    const expected = across * Math.ceil(page.height / blockHeight) * page.planes;
    const offsets = this.all(fields, tiled ? tag.tileOffsets : tag.stripOffsets, 0, expected);
    const sizes = this.all(fields, tiled ? tag.tileBytes : tag.stripBytes, 0, expected);
    if (offsets.length !== expected || sizes.length !== expected)
      this.fail(`has ${offsets.length} strips or tiles; its size asks for ${expected}`);
    let total = 0;
    for (let i = 0; i < expected; i++) {
      const size = sizes[i]!;
      if (size === 0) this.fail('a strip or tile without data');
      this.inside(offsets[i]!, size, 'pixel data');
      total += size;
    }
    if (total > this.bytes.length) this.fail('strips or tiles that overlap');
    if (page.raw && total < page.width * page.height * page.bytes)
      this.fail('the pixel data is shorter than the declared size');
    return { rows: blockHeight, offsets, sizes };
  }

  private value(fields: Map<number, Field>, key: number, otherwise: number): number {
    return this.all(fields, key, otherwise)[0]!;
  }

  /** All values of a field as numbers; `most` bounds how many are looked at. */
  private all(fields: Map<number, Field>, key: number, otherwise: number, most = 8): number[] {
    const field = fields.get(key);
    if (field === undefined) return [otherwise];
    if (field.count === 0) this.fail(`an empty TIFF field (${key})`);
    return Array.from({ length: Math.min(field.count, most + 1) }, (_, i) => {
      const at = field.at + i * typeBytes[field.type]!;
      switch (field.type) {
        case 1:
          return this.view.getUint8(at);
        case 3:
          return this.view.getUint16(at, this.little);
        case 4:
          return this.view.getUint32(at, this.little);
        case 16:
          return this.long(at);
        default:
          return this.fail(`a TIFF field (${key}) of type ${field.type}: expected a whole number`);
      }
    });
  }

  private long(at: number): number {
    this.inside(at, 8, 'a number');
    const value = this.view.getBigUint64(at, this.little);
    return value > BigInt(Number.MAX_SAFE_INTEGER)
      ? this.fail('an offset beyond the end of the file')
      : Number(value);
  }

  private inside(at: number, length: number, what: string): void {
    if (at > this.bytes.length || length > this.bytes.length - at)
      this.fail(`${what} of the TIFF lies beyond the end of the file: truncated or damaged`);
  }

  private fail(reason: string): never {
    throw new ScanError(this.name, reason);
  }
}
