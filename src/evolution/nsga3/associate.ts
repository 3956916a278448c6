/**
 * Association: each normalised point belongs to the reference line it is nearest to.
 *
 * Source: Deb & Jain 2014, section IV-D, Algorithm 3. The distance is perpendicular:
 * || f - (w.f / w.w) w ||, computed from its components; the shorter |f|^2 - (w.f)^2 loses half the
 * digits for points near a line, which are the ones that matter.
 */
import type { Points } from '../objective-values.js';
import type { Lines } from './lines.js';
import { FEWEST_TERMS, linesThrough } from './lines.js';

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
  const columns = columnsOf(points, rows);
  const { first, best, second } = ahead(columns, lines);
  const line = new Int32Array(points.count).fill(-1);
  const distance = new Float64Array(points.count);
  rows.forEach((row, i) => {
    const sure = best[i]! - second[i]! > DOUBT * columns.lengths[i]!;
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

interface Columns {
  /** The sum of each point's coordinates, and their squared length. */
  readonly sums: Float64Array;
  readonly lengths: Float64Array;
  /** [M][count], one objective of all points side by side. */
  readonly columns: readonly Float64Array[];
}

function columnsOf({ data, dimensions }: Points, rows: readonly number[]): Columns {
  const sums = new Float64Array(rows.length);
  const lengths = new Float64Array(rows.length);
  const columns = Array.from({ length: dimensions }, (_, j) => {
    const column = new Float64Array(rows.length);
    for (let i = 0; i < column.length; i++) {
      const value = data[rows[i]! * dimensions + j]!;
      column[i] = value;
      sums[i]! += value;
      lengths[i]! += value * value;
    }
    return column;
  });
  return { sums, lengths, columns };
}

/** For each point the line of the greatest (w.f)^2, that square, and the second greatest one. */
function ahead(
  columns: Columns,
  lines: Lines,
): { readonly first: Int32Array; readonly best: Float64Array; readonly second: Float64Array } {
  const count = columns.sums.length;
  const first = new Int32Array(count);
  const best = new Float64Array(count).fill(-1);
  const second = new Float64Array(count).fill(-1);
  const along = new Float64Array(count);
  for (let h = 0; h < lines.count; h++) {
    alongLine(columns, lines, h, along);
    for (let i = 0; i < count; i++) {
      const square = along[i]! * along[i]!;
      if (square <= second[i]!) continue;
      if (square > best[i]!) {
        second[i] = best[i]!;
        best[i] = square;
        first[i] = h;
      } else second[i] = square;
    }
  }
  return { first, best, second };
}

/** Writes w.f of line h and every point to `along`, right but for rounding. */
function alongLine({ sums, columns }: Columns, lines: Lines, h: number, along: Float64Array): void {
  const { common, terms, axes, extra } = lines;
  const at = h * terms;
  const share = common[h]!;
  const [first, second, third] = [columns[axes[at]!]!, columns[axes[at + 1]!]!, columns[axes[at + 2]!]!];
  const [e1, e2, e3] = [extra[at]!, extra[at + 1]!, extra[at + 2]!];
  for (let i = 0; i < along.length; i++)
    along[i] = share * sums[i]! + e1 * first[i]! + e2 * second[i]! + e3 * third[i]!;
  for (let k = FEWEST_TERMS; k < terms; k++) {
    const column = columns[axes[at + k]!]!;
    const beyond = extra[at + k]!;
    for (let i = 0; i < along.length; i++) along[i]! += beyond * column[i]!;
  }
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
