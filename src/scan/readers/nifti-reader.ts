/**
 * NIfTI-1 and NIfTI-2 volumes (.nii, .nii.gz), header parsed by nifti-reader-js.
 *
 * A packed file is first unpacked only as far as its header; when the declared size is within the
 * limits, the rest is unpacked with exactly that size as a bound. Values are scaled by `scl_slope` and
 * `scl_inter` where the header gives them, and volumes are turned by their affine (`nifti-orientation.ts`).
 */
import { constants, gunzipSync } from 'node:zlib';
import { isNIFTI, readHeader, type NIFTI1, type NIFTI2 } from 'nifti-reader-js';
import { ScanError, reasonOf } from '../errors.js';
import { shapeRefused } from '../limits.js';
import { INFLATE_SLACK } from '../native-codec.js';
import { asStored, orientationOf, walkOf } from './nifti-orientation.js';
import { spaceInHeader, type Placement } from './nifti-space.js';
import type { OpenScan, ScanReader, SliceValues, ValueType, ValueUnit } from './reader.js';
import type { ScanSource } from './source.js';

/** Header (348 or 540 bytes) with its four extension bytes. */
const headerBytes = 544;
/** Packed bytes that are unpacked to find the header, and the most they may become. */
const probeBytes = 16 * 1024;
const probeMost = 32 * 2 ** 20;
/** Room for what writers append after the voxels. */
const slack = 64 * 1024;

type Get = (view: DataView, at: number, little: boolean) => number;
const types = new Map<number, { dtype: ValueType; bytes: number; get: Get }>([
  [2, { dtype: 'uint8', bytes: 1, get: (view, at) => view.getUint8(at) }],
  [256, { dtype: 'int8', bytes: 1, get: (view, at) => view.getInt8(at) }],
  [4, { dtype: 'int16', bytes: 2, get: (view, at, little) => view.getInt16(at, little) }],
  [512, { dtype: 'uint16', bytes: 2, get: (view, at, little) => view.getUint16(at, little) }],
  [8, { dtype: 'int32', bytes: 4, get: (view, at, little) => view.getInt32(at, little) }],
  [768, { dtype: 'uint32', bytes: 4, get: (view, at, little) => view.getUint32(at, little) }],
  [16, { dtype: 'float32', bytes: 4, get: (view, at, little) => view.getFloat32(at, little) }],
  [64, { dtype: 'float64', bytes: 8, get: (view, at, little) => view.getFloat64(at, little) }],
]);

export const niftiReader: ScanReader = {
  format: 'nifti',
  async open(source, files) {
    const [file, ...others] = files;
    if (file === undefined || others.length > 0)
      throw new ScanError(file ?? '.', 'expected one NIfTI file a scan');
    return await Promise.resolve(new NiftiScan(file, source));
  },
};

class NiftiScan implements OpenScan {
  readonly shape: readonly [number, number, number];
  readonly dtype: ValueType;
  readonly unit: ValueUnit;
  readonly spacing: readonly [number, number, number] | null;
  readonly placement: Placement;
  private readonly data: DataView;
  private readonly little: boolean;
  private readonly get: Get;
  private readonly valueBytes: number;
  private readonly slope: number;
  private readonly intercept: number;
  /** Voxel index of the first voxel, and the steps along depth, height, width. */
  private readonly start: number;
  private readonly steps: readonly [number, number, number];

  constructor(
    private readonly file: string,
    private readonly source: ScanSource,
  ) {
    const { limits } = source;
    const bytes = source.bytes(file);
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const header = this.header(packed ? this.probe(bytes) : bytes);
    const dims = this.dims(header);
    const type =
      types.get(header.datatypeCode) ??
      this.fail(
        `a NIfTI of data type ${header.datatypeCode}: expected whole numbers of 8, 16, 32 bits, or float`,
      );
    const orientation =
      header.qform_code < 1 && header.sform_code < 1
        ? asStored
        : (orientationOf(header.affine) ?? this.fail('a NIfTI whose affine has no three directions'));
    const sizes = orientation.axes.map((axis) => dims[axis]!);
    this.shape = [sizes[0]!, sizes[1]!, sizes[2]!];
    const refused = shapeRefused(this.shape, limits);
    if (refused !== null) this.fail(refused);
    const voxels = dims[0] * dims[1] * dims[2];
    const offset = header.vox_offset;
    if (!Number.isInteger(offset) || offset < 348 || offset > 2 ** 24)
      this.fail(`a NIfTI whose voxels start at byte ${offset}`);
    const end = offset + voxels * type.bytes;
    if (end > limits.fileBytes) this.fail(`declares ${end} bytes; at most ${limits.fileBytes} are read`);
    const unpacked = packed
      ? (this.unpackNatively(bytes, end + slack) ?? this.unpack(bytes, end + slack))
      : bytes;
    if (unpacked.length < end)
      this.fail(`the NIfTI is truncated: expected ${end} bytes, got ${unpacked.length}`);

    this.data = new DataView(unpacked.buffer, unpacked.byteOffset + offset, voxels * type.bytes);
    this.little = header.littleEndian;
    this.get = type.get;
    this.valueBytes = type.bytes;
    this.dtype = type.dtype;
    // A slope of 0, or one that is not a number, means "not scaled".
    const scaled = Number.isFinite(header.scl_slope) && header.scl_slope !== 0;
    this.slope = scaled ? header.scl_slope : 1;
    this.intercept = scaled && Number.isFinite(header.scl_inter) ? header.scl_inter : 0;
    this.unit = this.slope !== 1 || this.intercept !== 0 ? 'hu' : unitOf(type.dtype);
    this.spacing = spacingOf(header, orientation.axes);
    this.placement = { orientation, space: spaceInHeader(unpacked, header.littleEndian) };
    ({ start: this.start, steps: this.steps } = walkOf(dims, orientation));
  }

  async *slices(): AsyncGenerator<SliceValues> {
    const stored = this.storedValues();
    const [depth] = this.shape;
    for (let z = 0; stored !== null && z < depth; z++) yield await Promise.resolve(this.pick(stored, z));
    if (stored === null) yield* this.numbers();
  }

  /** All values of a volume that is not scaled, of 8 or 16 bits in this machine's order; else null. */
  private storedValues(): Uint8Array | Uint16Array | Int16Array | null {
    const bytes = this.alignedBytes();
    if (this.slope !== 1 || this.intercept !== 0) return null;
    if (this.dtype === 'uint8') return bytes;
    if ((this.dtype !== 'uint16' && this.dtype !== 'int16') || !this.little) return null;
    const { buffer, byteOffset, length } = bytes;
    return this.dtype === 'int16'
      ? new Int16Array(buffer, byteOffset, length / 2)
      : new Uint16Array(buffer, byteOffset, length / 2);
  }

  /** Bytes of all voxels, at an even place. */
  private alignedBytes(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.data;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    return byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  }

  /** Slice `z` of the volume as it is turned. */
  private pick<Values extends Uint8Array | Uint16Array | Int16Array>(stored: Values, z: number): Values {
    const [, height, width] = this.shape;
    const [stepDepth, stepHeight, stepWidth] = this.steps;
    const from = this.start + z * stepDepth;
    if (stepWidth === 1 && stepHeight === width)
      return stored.subarray(from, from + height * width) as Values;
    const slice = new (stored.constructor as new (length: number) => Values)(height * width);
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0, voxel = from + y * stepHeight; x < width; x++, i++, voxel += stepWidth)
        slice[i] = stored[voxel]!;
    return slice;
  }

  private async *numbers(): AsyncGenerator<Float32Array> {
    const [depth, height, width] = this.shape;
    const [stepDepth, stepHeight, stepWidth] = this.steps;
    for (let z = 0; z < depth; z++) {
      const slice = new Float32Array(height * width);
      for (let y = 0, i = 0; y < height; y++) {
        let voxel = this.start + z * stepDepth + y * stepHeight;
        for (let x = 0; x < width; x++, i++, voxel += stepWidth) {
          slice[i] = this.get(this.data, voxel * this.valueBytes, this.little) * this.slope + this.intercept;
        }
      }
      yield await Promise.resolve(slice);
    }
  }

  private probe(bytes: Buffer): Buffer {
    return this.unpack(bytes.subarray(0, probeBytes), probeMost, true);
  }

  /** By the native codec; null without, and where it does not take the file. */
  private unpackNatively(bytes: Buffer, most: number): Buffer | null {
    const { codec } = this.source;
    if (codec === null) return null;
    const unpacked = Buffer.allocUnsafeSlow(most + INFLATE_SLACK);
    const length = codec.inflateScan(true, bytes, unpacked);
    return length < 0 ? null : unpacked.subarray(0, length);
  }

  private unpack(bytes: Buffer, most: number, partial = false): Buffer {
    try {
      return gunzipSync(bytes, {
        maxOutputLength: most,
        finishFlush: partial ? constants.Z_SYNC_FLUSH : constants.Z_FINISH,
      });
    } catch (error) {
      return this.fail(
        error instanceof RangeError
          ? `unpacks to more than the ${most} bytes that it declares`
          : `the packed file is truncated or damaged (${reasonOf(error)})`,
      );
    }
  }

  private header(bytes: Buffer): NIFTI1 | NIFTI2 {
    // The parser wants an ArrayBuffer of its own; it looks at the header alone.
    const head = new Uint8Array(Math.max(headerBytes, Math.min(bytes.length, headerBytes)));
    head.set(bytes.subarray(0, headerBytes));
    if (bytes.length < 348 || !isNIFTI(head.buffer))
      this.fail('not a NIfTI volume (or a header apart from its data), whatever its name says');
    try {
      return readHeader(head.buffer);
    } catch (error) {
      return this.fail(`the NIfTI header is damaged (${reasonOf(error)})`);
    }
  }

  /** Sizes along the three voxel axes. More axes are allowed where they have length 1. */
  private dims({ dims }: NIFTI1 | NIFTI2): [number, number, number] {
    const [count, x, y, z, ...more] = dims;
    const extra = more.slice(0, Math.max(0, (count ?? 0) - 3)).filter((size) => size > 1);
    if (
      count === undefined ||
      count < 3 ||
      count > 7 ||
      x === undefined ||
      y === undefined ||
      z === undefined ||
      extra.length > 0
    ) {
      return this.fail(
        `a NIfTI of ${count} dimensions (${dims.slice(1, 1 + (count ?? 0)).join(' x ')}): expected a volume of three`,
      );
    }
    return [x, y, z];
  }

  private fail(reason: string): never {
    throw new ScanError(this.file, reason);
  }
}

function unitOf(dtype: ValueType): ValueUnit {
  if (dtype === 'uint8') return 'grey';
  return dtype === 'uint16' ? 'offset-hu' : 'hu';
}

/** Millimetres along depth, height, width; null where the header gives no positive sizes. */
function spacingOf(
  header: NIFTI1 | NIFTI2,
  axes: readonly [number, number, number],
): [number, number, number] | null {
  const unit = header.xyzt_units & 7;
  const scale = unit === 1 ? 1000 : unit === 3 ? 0.001 : 1;
  const sizes = axes.map((axis) => Math.abs(header.pixDims[axis + 1] ?? 0) * scale);
  return sizes.every((size) => size > 0 && Number.isFinite(size)) ? [sizes[0]!, sizes[1]!, sizes[2]!] : null;
}
