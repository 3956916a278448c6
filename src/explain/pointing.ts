/**
 * Whether a map points at what a person marked: the pointing game (Zhang et al. 2018, "Top-down neural
 * attention by excitation backprop"), and the share of the evidence inside the mark.
 */
import { massInside, peak, type Volume } from './class-activation.js';

export interface Pointing {
  /** The largest value lies on a marked voxel, or as near to one as the margin. */
  readonly hit: boolean;
  /** It lies on a marked voxel. */
  readonly exact: boolean;
  /** Share of the evidence on marked voxels; null where nothing speaks for the class. */
  readonly massInside: number | null;
  /** Share of the voxels that are marked: what a point anywhere in the scan hits by chance. */
  readonly lesionShare: number;
}

/**
 * Null where nothing is marked. `mask`: as long as the map, not 0 where marked. `margin`: voxels along depth,
 * height, width by which the point may miss; the game has one because a map is coarser than a scan: half the
 * distance between two of its positions is as exactly as it can point. Errors: RangeError.
 */
export function pointing(
  map: Volume,
  mask: ArrayLike<number>,
  margin: readonly [depth: number, height: number, width: number],
): Pointing | null {
  const inside = massInside(map, mask);
  let marked = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) marked++;
  if (marked === 0) return null;
  const point = peak(map);
  return {
    hit: near(map.shape, mask, point, margin),
    exact: near(map.shape, mask, point, [0, 0, 0]),
    massInside: inside,
    lesionShare: marked / mask.length,
  };
}

function near(
  shape: Volume['shape'],
  mask: ArrayLike<number>,
  point: readonly number[],
  margin: readonly number[],
): boolean {
  const [from, to] = [-1, 1].map((sign) =>
    point.map((at, axis) => Math.min(shape[axis]! - 1, Math.max(0, at + sign * Math.floor(margin[axis]!)))),
  ) as [number[], number[]];
  for (let z = from[0]!; z <= to[0]!; z++)
    for (let y = from[1]!; y <= to[1]!; y++)
      for (let x = from[2]!; x <= to[2]!; x++) if (mask[(z * shape[1] + y) * shape[2] + x] !== 0) return true;
  return false;
}

/** Over several scans. */
export interface PointingSummary {
  readonly scans: number;
  readonly hits: number;
  readonly exact: number;
  /** Null without a scan. */
  readonly hitRate: number | null;
  /** Means over the scans; null where there is none to take a mean of. */
  readonly massInside: number | null;
  readonly lesionShare: number | null;
}

export function summarisePointing(each: readonly Pointing[]): PointingSummary {
  const mean = (values: readonly number[]): number | null =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  const hits = each.filter(({ hit }) => hit).length;
  return {
    scans: each.length,
    hits,
    exact: each.filter(({ exact }) => exact).length,
    hitRate: each.length === 0 ? null : hits / each.length,
    massInside: mean(each.flatMap(({ massInside: share }) => share ?? [])),
    lesionShare: mean(each.map(({ lesionShare }) => lesionShare)),
  };
}
