/**
 * Association: each normalised point belongs to the reference line it is nearest to.
 *
 * Source: Deb & Jain 2014, section IV-D, Algorithm 3. The distance is perpendicular:
 * || f - (w.f / w.w) w ||, computed from its components; the shorter |f|^2 - (w.f)^2 loses half the
 * digits for points near a line, which are the ones that matter.
 */
import type { Points } from '../objective-values.js';

export interface Association {
  /** [n], index of the nearest line; among equals the lowest. -1 for points not asked for. */
  readonly line: Int32Array;
  /** [n], the squared perpendicular distance to it. */
  readonly distance: Float64Array;
}

/**
 * The short formula decides alone where it is sure: its rounding error is some 1e-15 of |f|^2, so
 * beyond this share of it a line cannot be the nearest. It saves half the work and changes nothing.
 */
const DOUBT = 1e-12;

/** Associates the points in `rows` with the lines through 0 and `references` [H][M] (not all zero). */
export function associate(
  points: Points,
  rows: readonly number[],
  references: readonly (readonly number[])[],
): Association {
  const { data, dimensions } = points;
  const units = unitVectors(references, dimensions);
  const line = new Int32Array(points.count).fill(-1);
  const distance = new Float64Array(points.count);
  for (const row of rows) {
    const start = row * dimensions;
    let length = 0;
    for (let j = 0; j < dimensions; j++) length += data[start + j]! * data[start + j]!;
    const doubt = DOUBT * length;
    let nearest = 0;
    let least = Infinity;
    for (let h = 0; h < references.length; h++) {
      const unit = h * dimensions;
      let along = 0;
      for (let j = 0; j < dimensions; j++) along += data[start + j]! * units[unit + j]!;
      if (length - along * along > least + doubt) continue;
      let squared = 0;
      for (let j = 0; j < dimensions; j++) {
        const off = data[start + j]! - along * units[unit + j]!;
        squared += off * off;
      }
      if (squared < least) {
        least = squared;
        nearest = h;
      }
    }
    line[row] = nearest;
    distance[row] = least;
  }
  return { line, distance };
}

function unitVectors(references: readonly (readonly number[])[], dimensions: number): Float64Array {
  const units = new Float64Array(references.length * dimensions);
  references.forEach((reference, h) => {
    let squared = 0;
    for (const coordinate of reference) squared += coordinate * coordinate;
    const length = Math.sqrt(squared);
    reference.forEach((coordinate, j) => (units[h * dimensions + j] = coordinate / length));
  });
  return units;
}
