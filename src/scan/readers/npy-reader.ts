/**
 * NumPy arrays: `.npy`, and `.npz` with one array of three dimensions (NumPy's format specification 1.0 to
 * 3.0; ZIP application note 6.3).
 *
 * Axes are depth, height, width as they lie. Nothing in the header is evaluated: it is matched, and
 * arrays of Python objects are refused. A packed array is unpacked with its own size as a bound.
 */
import { ScanError } from '../errors.js';
import { shapeRefused, type ScanLimits } from '../limits.js';
import { decoding, type OpenScan, type ScanReader, type ValueType, type ValueUnit } from './reader.js';
import { arraysOf, unpackEntry } from './zip-entries.js';

type Get = (view: DataView, at: number, little: boolean) => number;
const types: ReadonlyMap<string, { dtype: ValueType; bytes: number; get: Get }> = new Map([
  ['u1', { dtype: 'uint8', bytes: 1, get: (view, at) => view.getUint8(at) }],
  ['i1', { dtype: 'int8', bytes: 1, get: (view, at) => view.getInt8(at) }],
  ['u2', { dtype: 'uint16', bytes: 2, get: (view, at, little) => view.getUint16(at, little) }],
  ['i2', { dtype: 'int16', bytes: 2, get: (view, at, little) => view.getInt16(at, little) }],
  ['u4', { dtype: 'uint32', bytes: 4, get: (view, at, little) => view.getUint32(at, little) }],
  ['i4', { dtype: 'int32', bytes: 4, get: (view, at, little) => view.getInt32(at, little) }],
  ['f4', { dtype: 'float32', bytes: 4, get: (view, at, little) => view.getFloat32(at, little) }],
  ['f8', { dtype: 'float64', bytes: 8, get: (view, at, little) => view.getFloat64(at, little) }],
]);

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** Longest header; NumPy's own for three dimensions has 118 bytes. */
const LONGEST_HEADER = 64 * 1024;

export const npyReader: ScanReader = {
  format: 'numpy',
  async open(source, files) {
    const { limits } = source;
    const [file, ...others] = files;
    if (file === undefined || others.length > 0)
      throw new ScanError(file ?? '.', 'expected one NumPy file a scan');
    const bytes = source.bytes(file);
    return await decoding(file, 'the NumPy file is damaged', () =>
      openArray(file, /\.npz$/i.test(file) ? arrayOf(file, bytes, limits) : bytes, limits),
    );
  },
};

/** The only array of an archive. */
function arrayOf(file: string, bytes: Buffer, limits: ScanLimits): Buffer {
  const arrays = arraysOf(file, bytes);
  const [only] = arrays;
  if (only === undefined || arrays.length > 1)
    throw new ScanError(file, `holds ${arrays.length} arrays: expected one, the volume`);
  return unpackEntry(file, bytes, only, limits);
}

function openArray(file: string, bytes: Buffer, limits: ScanLimits): OpenScan {
  const fail = (reason: string): never => {
    throw new ScanError(file, reason);
  };
  if (bytes.length < 12 || !bytes.subarray(0, 6).equals(MAGIC))
    fail('not a NumPy array, whatever its name says');
  const wide = bytes[6]! >= 2;
  if (bytes[6]! < 1 || bytes[6]! > 3) fail(`a NumPy array of format ${bytes[6]}: expected 1 to 3`);
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const start = (wide ? 12 : 10) + length;
  if (length > LONGEST_HEADER || start > bytes.length) fail('the NumPy header is truncated or damaged');
  const text = bytes.toString('latin1', wide ? 12 : 10, start);
  const order = /'descr'\s*:\s*'([<>|=])([a-z]\d+)'/.exec(text);
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dimensions = /'shape'\s*:\s*\(([\d, ]*)\)/.exec(text)?.[1];
  const type = types.get(order?.[2] ?? '');
  if (order === null || type === undefined || order[1] === '=')
    return fail(
      'a NumPy array of a type that is not read: expected whole numbers of 8, 16, 32 bits, or float',
    );
  if (fortran === undefined || dimensions === undefined) return fail('the NumPy header is damaged');
  const sizes = dimensions
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  if (sizes.length !== 3)
    return fail(`a NumPy array of ${sizes.length} dimensions: expected depth, height, width`);
  const shape = [sizes[0]!, sizes[1]!, sizes[2]!] as const;
  const refused = shapeRefused(shape, limits);
  if (refused !== null) fail(refused);
  const [depth, height, width] = shape;
  const expected = depth * height * width * type.bytes;
  if (bytes.length - start !== expected)
    fail(`the NumPy array holds ${bytes.length - start} bytes of values; its shape asks for ${expected}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, expected);
  const steps = fortran === 'True' ? [1, depth, depth * height] : [height * width, width, 1];
  const [deep, down, across] = steps.map((step) => step * type.bytes) as [number, number, number];
  const little = order[1] !== '>';
  return {
    shape,
    dtype: type.dtype,
    unit: unitOf(type.dtype),
    spacing: null,
    placement: null,
    async *slices() {
      for (let z = 0; z < depth; z++) {
        const slice = new Float32Array(height * width);
        for (let y = 0, i = 0; y < height; y++)
          for (let x = 0; x < width; x++, i++)
            slice[i] = type.get(view, z * deep + y * down + x * across, little);
        yield await Promise.resolve(slice);
      }
    },
  };
}

function unitOf(dtype: ValueType): ValueUnit {
  if (dtype === 'uint8') return 'grey';
  return dtype === 'uint16' ? 'offset-hu' : 'hu';
}
