/**
 * The data elements of a DICOM file (PS3.5, section 7; PS3.10, section 7), walked up to the pixel data.
 *
 * Only the elements that are asked for are kept; names, dates and free text are stepped over undecoded,
 * so they cannot reach a message or a log. Every length is compared with the bytes there are, sequences
 * nest to a bounded depth, and each step goes forward.
 */
import { inflateRawSync } from 'node:zlib';
import { EmarsError } from '../../../errors/error.js';
import { ScanError, reasonOf } from '../../errors.js';

/** Where a value lies in `DicomElements.bytes`. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

export interface DicomElements {
  /** Transfer syntax UID. */
  readonly syntax: string;
  readonly bigEndian: boolean;
  /** The file, or what a deflated file unpacks to. */
  readonly bytes: Buffer;
  /** Wanted elements of the top level, by tag. */
  readonly places: ReadonlyMap<number, Place>;
  /** Null where the file ends without pixel data; `encapsulated`: fragments instead of values. */
  readonly pixels: (Place & { readonly encapsulated: boolean }) | null;
}

/** The bytes given end before the pixel data begin: a longer piece of the file may have them. */
export class HeadTooShort extends EmarsError {
  override readonly name = 'HeadTooShort';
  override readonly kind = 'data';
}

const PREAMBLE = 128;
const DEEPEST = 16;
const UNDEFINED = 0xffff_ffff;
const PIXEL_DATA = 0x7fe0_0010;
const ITEM = 0xfffe_e000;
const ITEM_END = 0xfffe_e00d;
const SEQUENCE_END = 0xfffe_e0dd;
const TRANSFER_SYNTAX = 0x0002_0010;
const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

const IMPLICIT = '1.2.840.10008.1.2';
const DEFLATED = '1.2.840.10008.1.2.1.99';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';

/** Whether the bytes begin as a DICOM file does. */
export function isDicom(bytes: Buffer): boolean {
  return bytes.toString('latin1', PREAMBLE, PREAMBLE + 4) === 'DICM';
}

/**
 * Walks `bytes`, the beginning of a file or all of it.
 * @param most bytes that a deflated file may unpack to.
 * Errors: HeadTooShort; ScanError for what is no DICOM or contradicts itself.
 */
export function readElements(
  name: string,
  bytes: Buffer,
  wanted: ReadonlySet<number>,
  most: number,
): DicomElements {
  if (!isDicom(bytes)) throw new ScanError(name, 'not a DICOM file, whatever its name says');
  const meta = new Walk(name, bytes, PREAMBLE + 4, { bigEndian: false, implicit: false });
  const found = meta.elements(new Set([TRANSFER_SYNTAX]), 2);
  const place = found.places.get(TRANSFER_SYNTAX);
  if (place === undefined) throw new ScanError(name, 'a DICOM file without a transfer syntax');
  const syntax = bytes.toString('latin1', place.at, place.at + place.length).replace(/[\0 ]+$/, '');
  const bigEndian = syntax === BIG_ENDIAN;
  const [data, start] =
    syntax === DEFLATED ? [inflate(name, bytes.subarray(meta.at), most), 0] : [bytes, meta.at];
  const walk = new Walk(name, data, start, { bigEndian, implicit: syntax === IMPLICIT });
  return { syntax, bigEndian, bytes: data, ...walk.elements(wanted, null) };
}

function inflate(name: string, bytes: Buffer, most: number): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: most });
  } catch (error) {
    // A piece of a deflated file cannot be told from a damaged one.
    if (error instanceof RangeError) throw new ScanError(name, `unpacks to more than ${most} bytes`);
    throw new HeadTooShort(reasonOf(error));
  }
}

interface Element extends Place {
  readonly tag: number;
  readonly vr: string;
}

class Walk {
  constructor(
    private readonly name: string,
    private readonly bytes: Buffer,
    public at: number,
    private readonly order: { readonly bigEndian: boolean; readonly implicit: boolean },
  ) {}

  /** @param group the only group to read; what follows it may be written in another way. */
  elements(wanted: ReadonlySet<number>, group: number | null): Pick<DicomElements, 'places' | 'pixels'> {
    const places = new Map<number, Place>();
    while (this.at < this.bytes.length) {
      if (group !== null && this.at + 2 <= this.bytes.length && this.short(this.at) !== group) break;
      const element = this.next(this.order.implicit);
      const { tag, at, length } = element;
      if (tag === PIXEL_DATA) {
        const encapsulated = length === UNDEFINED;
        const rest = this.bytes.length - at;
        return { places, pixels: { at, length: encapsulated ? rest : length, encapsulated } };
      }
      this.skip(element, this.order.implicit, 0);
      if (wanted.has(tag) && length !== UNDEFINED) places.set(tag, { at, length });
    }
    return { places, pixels: null };
  }

  /** Head of the element at `this.at`; leaves `this.at` at its value. */
  private next(implicit: boolean): Element {
    this.need(8);
    const tag = ((this.short(this.at) << 16) | this.short(this.at + 2)) >>> 0;
    if (tag >>> 16 === 0xfffe || implicit) return this.head(tag, '', 4, 8);
    const vr = this.bytes.toString('latin1', this.at + 4, this.at + 6);
    if (!/^[A-Z]{2}$/.test(vr)) throw new ScanError(this.name, 'a DICOM element without a type: damaged');
    if (!LONG.has(vr)) {
      const length = this.short(this.at + 6);
      this.at += 8;
      return { tag, vr, at: this.at, length };
    }
    this.need(12);
    return this.head(tag, vr, 8, 12);
  }

  private head(tag: number, vr: string, lengthAt: number, bytes: number): Element {
    const at = this.at + lengthAt;
    const length = this.order.bigEndian ? this.bytes.readUInt32BE(at) : this.bytes.readUInt32LE(at);
    this.at += bytes;
    return { tag, vr, at: this.at, length };
  }

  /** Steps over a value; where its length is not given, over its items. */
  private skip({ length, vr }: Element, implicit: boolean, depth: number): void {
    if (length !== UNDEFINED) {
      this.need(length);
      this.at += length;
      return;
    }
    if (depth >= DEEPEST)
      throw new ScanError(this.name, `DICOM sequences nested deeper than ${DEEPEST} levels`);
    // What is unknown and has no length is written implicitly (PS3.5, 6.2.2).
    const inner = implicit || vr === 'UN';
    for (;;) {
      const item = this.next(inner);
      if (item.tag === SEQUENCE_END) return;
      if (item.tag !== ITEM) throw new ScanError(this.name, 'a DICOM sequence without an end: damaged');
      if (item.length === UNDEFINED) this.items(inner, depth);
      else this.skip(item, inner, depth);
    }
  }

  private items(implicit: boolean, depth: number): void {
    for (;;) {
      const element = this.next(implicit);
      if (element.tag === ITEM_END) return;
      this.skip(element, implicit, depth + 1);
    }
  }

  private short(at: number): number {
    return this.order.bigEndian ? this.bytes.readUInt16BE(at) : this.bytes.readUInt16LE(at);
  }

  private need(length: number): void {
    if (length > this.bytes.length - this.at) throw new HeadTooShort('an element beyond the end of the file');
  }
}

/**
 * The first frame of encapsulated pixel data (PS3.5, A.4): an offset table, then one or more fragments,
 * which a file of one frame has joined.
 * Errors: ScanError when the fragments do not end inside the file.
 */
export function joinFragments(name: string, bytes: Buffer, from: number): Buffer {
  const pieces: Buffer[] = [];
  let at = from;
  for (let item = 0; ; item++) {
    if (at + 8 > bytes.length) break;
    const tag = ((bytes.readUInt16LE(at) << 16) | bytes.readUInt16LE(at + 2)) >>> 0;
    const length = bytes.readUInt32LE(at + 4);
    at += 8;
    if (tag === SEQUENCE_END && pieces.length > 0) return Buffer.concat(pieces);
    if (tag !== ITEM || length > bytes.length - at) break;
    if (item > 0) pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  throw new ScanError(name, 'the compressed pixel data are truncated or damaged');
}
