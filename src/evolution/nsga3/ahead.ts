/**
 * Which line lies ahead of all others for a point, by the short formula (w.f)^2, and by how much: by looking at every
 * line, or, where the lines are whole patterns and no coordinate is negative, at a few of each.
 */
import type { Points } from '../objective-values.js';
import type { Lines } from './lines.js';
import { FEWEST_TERMS } from './lines.js';
import type { Patterns } from './patterns.js';
import { patternsOf, SHOWN } from './patterns.js';

interface Field extends Patterns {
  readonly lines: Lines;
}

/** For each point of `rows`. */
export interface Ahead {
  /** [n], the line of the greatest (w.f)^2. */
  readonly first: Int32Array;
  /** [n], that square, and the second greatest one: right but for rounding. */
  readonly best: Float64Array;
  readonly second: Float64Array;
  /** [n], |f|^2. */
  readonly lengths: Float64Array;
}

interface Columns {
  /** The sum of each point's coordinates, and their squared length. */
  readonly sums: Float64Array;
  readonly lengths: Float64Array;
  /** [M][count], one objective of all points side by side. */
  readonly columns: readonly Float64Array[];
}

export function aheadOf(points: Points, rows: readonly number[], lines: Lines): Ahead {
  const columns = columnsOf(points, rows);
  const count = rows.length;
  const ahead: Ahead = {
    first: new Int32Array(count),
    best: new Float64Array(count).fill(-1),
    second: new Float64Array(count).fill(-1),
    lengths: columns.lengths,
  };
  const patterns = columns.columns.every(isNowhereNegative) ? patternsOf(lines, points.dimensions) : null;
  if (patterns === null) lookAtAll(columns, lines, ahead);
  else lookAtFew(rows, points, { lines, ...patterns }, ahead);
  return ahead;
}

function isNowhereNegative(column: Float64Array): boolean {
  for (let i = 0; i < column.length; i++) if (column[i]! < 0) return false;
  return true;
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

function lookAtAll(columns: Columns, lines: Lines, ahead: Ahead): void {
  const along = new Float64Array(columns.sums.length);
  for (let h = 0; h < lines.count; h++) {
    alongLine(columns, lines, h, along);
    for (let i = 0; i < along.length; i++) take(ahead, i, h, along[i]! * along[i]!);
  }
}

function take({ first, best, second }: Ahead, i: number, h: number, square: number): void {
  if (square <= second[i]!) return;
  if (square > best[i]!) {
    second[i] = best[i]!;
    best[i] = square;
    first[i] = h;
  } else second[i] = square;
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

/** Of each pattern the line on the greatest coordinates, and those one exchange away from it. */
function lookAtFew(rows: readonly number[], points: Points, field: Field, ahead: Ahead): void {
  const { data, dimensions: m } = points;
  const { lines, lineOn, candidates } = field;
  const { common, axes, extra } = lines;
  const top = new Int32Array(SHOWN + 1);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * m;
    const sum = orderTop(data, start, m, top);
    for (let k = 0; k < candidates.length; k += 4) {
      const [a, b, c] = [top[candidates[k + 1]!]!, top[candidates[k + 2]!]!, top[candidates[k + 3]!]!];
      const h = lineOn[candidates[k]! + a + m * (b + m * c)]!;
      const at = h * FEWEST_TERMS;
      const along =
        common[h]! * sum +
        extra[at]! * data[start + axes[at]!]! +
        extra[at + 1]! * data[start + axes[at + 1]!]! +
        extra[at + 2]! * data[start + axes[at + 2]!]!;
      take(ahead, i, h, along * along);
    }
  }
}

/** Writes the axes of a point's greatest coordinates to `top`, the greatest first; the sum of all coordinates. */
function orderTop(data: Float64Array, start: number, dimensions: number, top: Int32Array): number {
  let sum = 0;
  for (let j = 0; j < dimensions; j++) {
    const value = data[start + j]!;
    sum += value;
    let at = Math.min(j, SHOWN);
    while (at > 0 && value > data[start + top[at - 1]!]!) {
      if (at < SHOWN) top[at] = top[at - 1]!;
      at--;
    }
    if (at < SHOWN) top[at] = j;
  }
  return sum;
}
