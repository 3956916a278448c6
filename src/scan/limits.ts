/**
 * How much a data folder may ask for.
 *
 * Every number a file declares (width, slices, bytes) is checked against these before anything is
 * inflated or allocated, so that a damaged or hostile file costs an error message, not the memory of
 * the machine. The defaults lie far above any chest CT.
 */
export interface ScanLimits {
  /** Largest width and height of a slice, pixels. */
  readonly width: number;
  readonly height: number;
  /** Most slices of a scan. */
  readonly slices: number;
  /** Most voxels of a scan (a volume takes four bytes a voxel while it is read whole). */
  readonly voxels: number;
  /** Largest single file, bytes, as it lies on disk and (NIfTI) after unpacking. */
  readonly fileBytes: number;
  /** Most files and folders of one data folder. */
  readonly files: number;
  /** Deepest nesting of folders. */
  readonly folderDepth: number;
}

export const defaultLimits: ScanLimits = Object.freeze({
  width: 4096,
  height: 4096,
  slices: 4096,
  voxels: 2 ** 28,
  fileBytes: 2 ** 29 + 2 ** 20,
  files: 2_000_000,
  folderDepth: 8,
});

/**
 * The reason why a declared shape is refused, or null. Compares before it multiplies, so that no
 * product can overflow.
 */
export function shapeRefused(
  shape: readonly [depth: number, height: number, width: number],
  limits: ScanLimits,
): string | null {
  const [depth, height, width] = shape;
  if (![depth, height, width].every((n) => Number.isInteger(n) && n >= 1)) {
    return `declares ${width} x ${height} pixels and ${depth} slices; each must be at least 1`;
  }
  if (width > limits.width || height > limits.height) {
    return `declares ${width} x ${height} pixels; at most ${limits.width} x ${limits.height} are read`;
  }
  if (depth > limits.slices) return `has ${depth} slices; at most ${limits.slices} are read`;
  if (depth > Math.floor(limits.voxels / (width * height))) {
    return `declares ${depth} x ${height} x ${width} voxels; at most ${limits.voxels} are read`;
  }
  return null;
}
