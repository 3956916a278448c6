/**
 * Where the voxels of a volume lie in the patient, in the numbers of a NIfTI header ("3D image orientation
 * and location in space"): kept as they are, so that a volume written on the grid of a scan says the same as
 * the scan, whichever of the header's ways a viewer believes.
 */
import { asStored, type Orientation } from './nifti-orientation.js';

/** In NIfTI's world: +x is the patient's right, +y front, +z head. */
export interface NiftiSpace {
  /** pixdim[0…7]; the first is the sign of the third axis for the quaternion. */
  readonly voxel: readonly number[];
  /** xyzt_units. */
  readonly units: number;
  readonly qformCode: number;
  readonly sformCode: number;
  /** b, c, d, and the place of the first voxel. */
  readonly quaternion: readonly number[];
  /** srow_x, srow_y, srow_z: three rows of four. */
  readonly rows: readonly number[];
}

/** A scan's voxels on their own grid, and how that grid was turned to depth, height, width. */
export interface Placement {
  readonly orientation: Orientation;
  readonly space: NiftiSpace;
}

const MILLIMETRES = 2;
/** NIFTI_XFORM_SCANNER_ANAT: coordinates of the scanner. */
const SCANNER = 1;

/** A grid of which nothing is known: voxels of 1 x 1 x 1, no place. */
export const unplaced: Placement = {
  orientation: asStored,
  space: {
    voxel: [1, 1, 1, 1, 1, 1, 1, 1],
    units: 0,
    qformCode: 0,
    sformCode: 0,
    quaternion: [0, 0, 0, 0, 0, 0],
    rows: new Array<number>(12).fill(0),
  },
};

/** Of a header of NIfTI-1 (348 bytes) or NIfTI-2 (540). */
export function spaceInHeader(bytes: Uint8Array, little: boolean): NiftiSpace {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const second = view.getInt32(0, little) === 540;
  const numbers = (at: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) =>
      second ? view.getFloat64(at + 8 * i, little) : view.getFloat32(at + 4 * i, little),
    );
  return second
    ? {
        voxel: numbers(104, 8),
        units: view.getInt32(500, little) & 0xff,
        qformCode: view.getInt32(344, little),
        sformCode: view.getInt32(348, little),
        quaternion: numbers(352, 6),
        rows: numbers(400, 12),
      }
    : {
        voxel: numbers(76, 8),
        units: view.getUint8(123),
        qformCode: view.getInt16(252, little),
        sformCode: view.getInt16(254, little),
        quaternion: numbers(256, 6),
        rows: numbers(280, 12),
      };
}

/**
 * Of a grid whose voxel (i, j, k) lies at `origin` + i·steps[0] + j·steps[1] + k·steps[2], millimetres in
 * NIfTI's world.
 */
export function spaceOf(
  origin: readonly number[],
  steps: readonly [readonly number[], readonly number[], readonly number[]],
): NiftiSpace {
  const length = (step: readonly number[]): number => Math.sqrt(step.reduce((sum, mm) => sum + mm * mm, 0));
  return {
    voxel: [1, ...steps.map(length), 1, 1, 1, 1],
    units: MILLIMETRES,
    qformCode: 0,
    sformCode: SCANNER,
    quaternion: [0, 0, 0, 0, 0, 0],
    rows: [0, 1, 2].flatMap((world) => [...steps.map((step) => step[world]!), origin[world]!]),
  };
}
