/**
 * A volume of shares (0 to 1) as NIfTI-1, on the grid of the scan that it belongs to: the same sizes, the same
 * order of voxels, the same affine, so that viewers lay one over the other.
 *
 * Shares are stored as whole numbers of 16 bits with a slope: half the bytes of floats, and packed far better.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { walkOf } from './readers/nifti-orientation.js';
import type { Placement } from './readers/nifti-space.js';

const HEADER = 352;
const INT16 = 4;
const MOST = 32767;
/** Bytes of `descrip`, less the closing zero. */
const LONGEST = 79;

/**
 * The bytes of a .nii.gz. `shares` `[depth][height][width]` as the reader gives a scan. `description`: ASCII,
 * at most 79 bytes are kept. Errors: RangeError for a shape that does not fit.
 */
export async function niftiOfShares(
  shares: Float32Array,
  shape: readonly [depth: number, height: number, width: number],
  { orientation, space }: Placement,
  description: string,
): Promise<Buffer> {
  const [depth, height, width] = shape;
  if (shares.length !== depth * height * width)
    throw new RangeError(`expected ${depth * height * width} shares, got ${shares.length}`);
  const dims: [number, number, number] = [0, 0, 0];
  orientation.axes.forEach((axis, i) => (dims[axis] = shape[i]!));
  const bytes = Buffer.alloc(HEADER + 2 * shares.length);
  bytes.writeInt32LE(348, 0);
  [3, ...dims, 1, 1, 1, 1].forEach((size, i) => bytes.writeInt16LE(size, 40 + 2 * i));
  bytes.writeInt16LE(INT16, 70);
  bytes.writeInt16LE(16, 72);
  floats(bytes, 76, space.voxel);
  floats(bytes, 108, [HEADER, 1 / MOST, 0]);
  bytes.writeUInt8(space.units, 123);
  // cal_max, cal_min: what a viewer shows from dark to bright.
  floats(bytes, 124, [1, 0]);
  bytes.write(description.slice(0, LONGEST), 148, 'latin1');
  bytes.writeInt16LE(space.qformCode, 252);
  bytes.writeInt16LE(space.sformCode, 254);
  floats(bytes, 256, space.quaternion);
  floats(bytes, 280, space.rows);
  bytes.write('n+1\0', 344, 'latin1');
  const voxels = new DataView(bytes.buffer, bytes.byteOffset + HEADER);
  const { start, steps } = walkOf(dims, orientation);
  for (let z = 0, i = 0; z < depth; z++)
    for (let y = 0; y < height; y++) {
      let voxel = start + z * steps[0] + y * steps[1];
      for (let x = 0; x < width; x++, i++, voxel += steps[2])
        voxels.setInt16(2 * voxel, Math.round(MOST * Math.min(1, Math.max(0, shares[i]!))), true);
    }
  return promisify(gzip)(bytes, { level: 1 });
}

function floats(bytes: Buffer, at: number, values: readonly number[]): void {
  values.forEach((value, i) => bytes.writeFloatLE(value, at + 4 * i));
}
