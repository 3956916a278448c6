/**
 * Association: each normalised point belongs to the reference line it is nearest to.
 *
 * Source: Deb & Jain 2014, section IV-D, Algorithm 3. The distance is perpendicular:
 * || f - (w.f / w.w) w ||, computed from its components; the shorter |f|^2 - (w.f)^2 loses half the
 * digits for points near a line, which are the ones that matter.
 */
import type { Points } from '../objective-values.js';
import { aheadOf } from './ahead.js';
import type { Lines } from './lines.js';
import { linesThrough } from './lines.js';

export interface Association {
  /** [n], index of the nearest line; among equals the lowest. -1 for points not asked for. */
  readonly line: Int32Array;
  /** [n], the squared perpendicular distance to it. */
  readonly distance: Float64Array;
}

/**
 * The short formula, with its sums in another order, decides where it is sure: its rounding error is some 1e-14
 * of |f|^2, so that a line ahead of all others by this share is the nearest. Where none is, the long
 * formula compares. It saves most of the work and changes nothing.
 */
const DOUBT = 1e-12;

/** Associates the points in `rows` with the lines through 0 and `references` [H][M] (not all zero). */
export function associate(
  points: Points,
  rows: readonly number[],
  references: readonly (readonly number[])[],
): Association {
  const lines = linesThrough(references, points.dimensions);
  const { first, best, second, lengths } = aheadOf(points, rows, lines);
  const line = new Int32Array(points.count).fill(-1);
  const distance = new Float64Array(points.count);
  rows.forEach((row, i) => {
    const sure = best[i]! - second[i]! > DOUBT * lengths[i]!;
    const nearest = sure ? first[i]! : nearestLine(points, row, lines);
    line[row] = nearest;
    distance[row] = squaredDistance(points, row, lines.units, nearest);
  });
  return { line, distance };
}

/** The line of least distance, by the long formula; among equals the lowest. */
function nearestLine(points: Points, row: number, { units, count }: Lines): number {
  let nearest = 0;
  let least = Infinity;
  for (let h = 0; h < count; h++) {
    const squared = squaredDistance(points, row, units, h);
    if (squared < least) {
      least = squared;
      nearest = h;
    }
  }
  return nearest;
}

/** The squared distance of a point from line h, from the components of what is perpendicular to it. */
function squaredDistance({ data, dimensions }: Points, row: number, units: Float64Array, h: number): number {
  const start = row * dimensions;
  const unit = h * dimensions;
  let along = 0;
  for (let j = 0; j < dimensions; j++) along += data[start + j]! * units[unit + j]!;
  let squared = 0;
  for (let j = 0; j < dimensions; j++) {
    const off = data[start + j]! - along * units[unit + j]!;
    squared += off * off;
  }
  return squared;
}
