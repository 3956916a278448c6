/**
 * Augmentation beyond the paper's flips: a small move, turn and zoom in the plane, the same for all slices
 * of a scan, and a small change of its intensities. Off by default.
 *
 * Only operations whose bits IEEE 754 fixes: a turn by the angle a is made of t = tan(a / 2), of which the
 * cosine is (1 - t²) / (1 + t²) and the sine 2t / (1 + t²).
 */
import type { Generator } from '../random/generator.js';

/** The largest distortions; each is drawn uniformly from minus to plus. All 0: none. */
export interface DistortionLimits {
  /** Share of the slice's side, in each direction. */
  readonly shift: number;
  /** Degrees. */
  readonly rotation: number;
  /** Share of the size. */
  readonly zoom: number;
  /** Share of the contrast, intensities in [0, 1] times 1 ± this. */
  readonly scale: number;
  /** Added to intensities in [0, 1]. */
  readonly offset: number;
}

/** One drawn distortion: where an output pixel is read, and what its value becomes. */
export interface Distortion {
  readonly dx: number;
  readonly dy: number;
  readonly cos: number;
  readonly sin: number;
  readonly scale: number;
  readonly offset: number;
}

/** Draws a distortion, or null where none is allowed. Always six draws, so that one limit moves no other. */
export function drawDistortion(limits: DistortionLimits | null, random: Generator): Distortion | null {
  if (limits === null || Object.values(limits).every((limit) => limit === 0)) return null;
  const within = (limit: number): number => limit * (2 * random.uniform() - 1);
  const dx = within(limits.shift);
  const dy = within(limits.shift);
  const tangent = (within(limits.rotation) * Math.PI) / 360;
  const zoom = 1 / (1 + within(limits.zoom));
  const scale = 1 + within(limits.scale);
  const offset = within(limits.offset);
  const norm = 1 + tangent * tangent;
  return {
    dx,
    dy,
    cos: (zoom * (1 - tangent * tangent)) / norm,
    sin: (zoom * 2 * tangent) / norm,
    scale,
    offset,
  };
}

/** Distorts one `[size, size]` slice in place; `scratch` is as long. Outside the slice its border goes on. */
export function distortSlice(
  slice: Float32Array,
  scratch: Float32Array,
  size: number,
  { dx, dy, cos, sin, scale, offset }: Distortion,
): void {
  scratch.set(slice);
  const middle = (size - 1) / 2;
  const last = size - 1;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const u = x - middle;
      const v = y - middle;
      const fromX = Math.min(last, Math.max(0, middle + cos * u - sin * v + dx * size));
      const fromY = Math.min(last, Math.max(0, middle + sin * u + cos * v + dy * size));
      const left = Math.floor(fromX);
      const top = Math.floor(fromY);
      const right = Math.min(last, left + 1);
      const below = Math.min(last, top + 1) * size;
      const shareX = fromX - left;
      const shareY = fromY - top;
      const upper = scratch[top * size + left]! * (1 - shareX) + scratch[top * size + right]! * shareX;
      const lower = scratch[below + left]! * (1 - shareX) + scratch[below + right]! * shareX;
      slice[y * size + x] = (upper * (1 - shareY) + lower * shareY) * scale + offset;
    }
  }
}
