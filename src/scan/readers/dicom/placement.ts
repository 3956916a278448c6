/** Where the voxels of a DICOM stack lie, as NIfTI says it: DICOM's +x and +y are left and back. */
import { asStored } from '../nifti-orientation.js';
import { spaceOf, type Placement } from '../nifti-space.js';
import type { Stack } from './stack.js';

type Numbers = readonly number[];

/**
 * Of the volume as it comes out: voxel (width, height, slice). A tilted gantry is in the affine, as a shear;
 * slices at uneven distances are taken as even between the first and the last.
 */
export function placementOf({ slices, inPlane }: Stack): Placement {
  const [first, last] = [slices[0]!, slices.at(-1)!];
  const { rows, columns } = first.pixels;
  const [acrossRow, downColumn] = first.directions;
  const [betweenRows, betweenColumns] = first.pixelSpacing;
  // Along a row the column changes.
  const column = { step: scaled(acrossRow, betweenColumns), count: columns };
  const row = { step: scaled(downColumn, betweenRows), count: rows };
  const [y, x] = inPlane.transposed ? [column, row] : [row, column];
  const height = turned(y, inPlane.heightBackwards);
  const width = turned(x, inPlane.widthBackwards);
  const corner = sum(first.position, height.shift, width.shift);
  // A single slice says no distance: 1 mm along its normal, towards the head.
  const depth =
    slices.length > 1
      ? scaled(sum(last.position, scaled(first.position, -1)), 1 / (slices.length - 1))
      : upwards(acrossRow, downColumn);
  return {
    orientation: asStored,
    space: spaceOf(world(corner), [world(width.step), world(height.step), world(depth)]),
  };
}

/** An axis walked backwards begins at its other end. */
function turned(
  { step, count }: { readonly step: Numbers; readonly count: number },
  backwards: boolean,
): { readonly step: Numbers; readonly shift: Numbers } {
  return backwards
    ? { step: scaled(step, -1), shift: scaled(step, count - 1) }
    : { step, shift: scaled(step, 0) };
}

function upwards([a, b, c]: Numbers, [u, v, w]: Numbers): Numbers {
  const normal = [b! * w! - c! * v!, c! * u! - a! * w!, a! * v! - b! * u!];
  return scaled(normal, normal[2]! < 0 ? -1 : 1);
}

const world = ([left, back, up]: Numbers): Numbers => [-left!, -back!, up!];
const scaled = (vector: Numbers, factor: number): Numbers => vector.map((value) => value * factor);
const sum = (...vectors: readonly Numbers[]): Numbers =>
  [0, 1, 2].map((axis) => vectors.reduce((total, vector) => total + vector[axis]!, 0));
