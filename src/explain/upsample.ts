/**
 * From the few positions of a last feature map to the voxels of the scan, linearly along each axis.
 *
 * Where a feature lies matters: a convolution with padding k//2 and stride s centres its output i on the
 * input s·i, so the first feature belongs to the first voxel, not to the middle of the first s voxels.
 * Stretching a map over the scan as image resizing does would move it by half a stride, on small maps
 * further than a lesion is wide.
 */
import type { Volume } from './class-activation.js';

/** Feature i of an axis lies at voxel `offset + stride · i`. */
export interface AxisGrid {
  readonly stride: number;
  readonly offset: number;
}

/** Where the features lie along depth, height and width. */
export type FeatureGrid = readonly [depth: AxisGrid, height: AxisGrid, width: AxisGrid];

/** The two features a voxel lies between, and the share of the second. */
interface Between {
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

/** For each voxel of an axis; beyond the first and the last feature, that feature alone. */
function between({ stride, offset }: AxisGrid, features: number, voxels: number): Between[] {
  return Array.from({ length: voxels }, (_, voxel) => {
    const place = Math.min(features - 1, Math.max(0, (voxel - offset) / stride));
    const low = Math.floor(place);
    return { low, high: Math.min(features - 1, low + 1), share: place - low };
  });
}

/** Values at every voxel of a scan of `shape`; a new array of the caller. Errors: RangeError. */
export function upsample(map: Volume, grid: FeatureGrid, shape: Volume['shape']): Volume {
  for (const { stride } of grid)
    if (!(stride > 0)) throw new RangeError(`expected a stride above 0, got ${stride}`);
  const [, mapHeight, mapWidth] = map.shape;
  const [depths, rows, columns] = [0, 1, 2].map((axis) =>
    between(grid[axis]!, map.shape[axis]!, shape[axis]!),
  ) as [Between[], Between[], Between[]];
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  let at = 0;
  for (const d of depths)
    for (const h of rows) {
      const line = (deep: number, high: number): number => (deep * mapHeight + high) * mapWidth;
      const corners = [
        line(d.low, h.low),
        line(d.low, h.high),
        line(d.high, h.low),
        line(d.high, h.high),
      ] as const;
      const shares = [
        (1 - d.share) * (1 - h.share),
        (1 - d.share) * h.share,
        d.share * (1 - h.share),
        d.share * h.share,
      ];
      for (const w of columns) {
        let sum = 0;
        for (let corner = 0; corner < 4; corner++) {
          const from = corners[corner]!;
          const value = (1 - w.share) * map.values[from + w.low]! + w.share * map.values[from + w.high]!;
          sum += shares[corner]! * value;
        }
        values[at++] = sum;
      }
    }
  return { shape, values };
}
