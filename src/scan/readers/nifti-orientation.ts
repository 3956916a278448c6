/**
 * From the order of voxels in a NIfTI file to the order of slices on a light box.
 *
 * The file's affine says in which direction of the patient each voxel axis runs. Volumes come out as
 * depth = towards the head, height = towards the back, width = towards the patient's left: the order of
 * axial CT slices as pictures (NIfTI-1, "3D image orientation and location in space"). Oblique axes go
 * to the nearest direction; no interpolation.
 */

/**
 * How to walk the file's voxels: for depth, height, width the voxel axis (0…2) and whether to walk it
 * backwards.
 */
export interface Orientation {
  readonly axes: readonly [number, number, number];
  readonly backwards: readonly [boolean, boolean, boolean];
}

/**
 * Depth, height, width as directions of NIfTI's world, where +x is the patient's right, +y front, +z head.
 */
const wanted = [
  { world: 2, sign: 1 },
  { world: 1, sign: -1 },
  { world: 0, sign: -1 },
] as const;

/** The order of axes as they lie in the file: for files that say nothing of their orientation. */
export const asStored: Orientation = { axes: [2, 1, 0], backwards: [false, false, false] };

/**
 * @param affine voxel index → millimetres in that world, at least 3 × 3: row = world axis, column = voxel
 * axis.
 * @returns null when the affine has no three independent directions.
 */
export function orientationOf(affine: readonly (readonly number[])[]): Orientation | null {
  const pairs: { world: number; axis: number; value: number; share: number }[] = [];
  for (let axis = 0; axis < 3; axis++) {
    const column = [0, 1, 2].map((world) => affine[world]?.[axis] ?? Number.NaN);
    const length = Math.sqrt(column.reduce((sum, value) => sum + value * value, 0));
    if (!(length > 0) || !Number.isFinite(length)) return null;
    column.forEach((value, world) => pairs.push({ world, axis, value, share: Math.abs(value) / length }));
  }
  // The clearest direction first; ties by axis, so that the outcome never depends on the sort.
  pairs.sort((a, b) => b.share - a.share || a.axis - b.axis || a.world - b.world);
  const byWorld = new Map<number, { axis: number; value: number }>();
  for (const { world, axis, value, share } of pairs) {
    if (share === 0 || byWorld.has(world) || [...byWorld.values()].some((taken) => taken.axis === axis))
      continue;
    byWorld.set(world, { axis, value });
  }
  if (byWorld.size !== 3) return null;
  const found = wanted.map(({ world, sign }) => {
    const { axis, value } = byWorld.get(world)!;
    return { axis, backwards: value * sign < 0 };
  });
  const [depth, height, width] = [found[0]!, found[1]!, found[2]!];
  return {
    axes: [depth.axis, height.axis, width.axis],
    backwards: [depth.backwards, height.backwards, width.backwards],
  };
}

/** Index of the first voxel to visit in a file of `dims` voxels, and the steps along depth, height, width. */
export function walkOf(
  dims: readonly [number, number, number],
  { axes, backwards }: Orientation,
): { readonly start: number; readonly steps: readonly [depth: number, height: number, width: number] } {
  const strides = [1, dims[0], dims[0] * dims[1]];
  let start = 0;
  const [depth, height, width] = axes.map((axis, i) => {
    if (!backwards[i]!) return strides[axis]!;
    start += (dims[axis]! - 1) * strides[axis]!;
    return -strides[axis]!;
  });
  return { start, steps: [depth!, height!, width!] };
}
