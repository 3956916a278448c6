/**
 * Lines that differ only in which axes their coordinates stand on, found without looking at each. Das and Dennis give
 * all of a pattern: (3,0,0), (0,3,0), (0,0,3) are one, (2,1,0) and its permutations another. Of a whole pattern the
 * line of the greatest w.f has its greatest coordinates where those of f are the greatest (the rearrangement
 * inequality), and the second greatest differs from it in one exchange of neighbours in that order.
 */
import type { Lines } from './lines.js';

/** Coordinates of a line beyond the common one, at most. */
const MOST_TERMS = 3;
/** So many of the greatest coordinates of a point are needed: one exchange beyond those. */
export const SHOWN = MOST_TERMS + 1;
/** Tables of M * M * M entries stay small. */
const MOST_DIMENSIONS = 16;
const MOST_PATTERNS = 8;
/** Coordinates of unit vectors that differ by no more differ by rounding: far below what `associate` doubts. */
const ROUNDING = 1e-14;

export interface Patterns {
  /** [M ** 3] a pattern: the line whose coordinates, from the greatest on, stand on a, b, c: a + M b + M M c. */
  readonly lineOn: Int32Array;
  /**
   * Of each pattern the line of the greatest w.f and those that may have the second greatest, four numbers each:
   * where the table of the pattern begins, and for a, b and c a place in the order of the point's coordinates from
   * the greatest on. SHOWN stands for no axis, which counts as axis 0.
   */
  readonly candidates: Int32Array;
}

interface Pattern {
  readonly common: number;
  /** What the other coordinates have beyond the common one, descending; 0 where there are fewer than three. */
  readonly beyond: readonly [number, number, number];
  lines: number;
}

/** The lines by pattern; null where a pattern lacks one, or there are too many of them to gain by it. */
export function patternsOf(lines: Lines, dimensions: number): Patterns | null {
  if (dimensions > MOST_DIMENSIONS || lines.terms > MOST_TERMS) return null;
  const size = dimensions ** MOST_TERMS;
  const lineOn = new Int32Array(size * MOST_PATTERNS).fill(-1);
  const patterns: Pattern[] = [];
  const axes = new Int32Array(MOST_TERMS);
  for (let h = 0; h < lines.count; h++) {
    const beyond = describe(lines, h, axes);
    const common = lines.common[h]!;
    let at = 0;
    while (at < patterns.length && !isAlike(patterns[at]!, common, beyond)) at++;
    if (at === MOST_PATTERNS) return null;
    const pattern = (patterns[at] ??= { common, beyond, lines: 0 });
    pattern.lines++;
    const table = lineOn.subarray(at * size, (at + 1) * size);
    // A direction that is there twice is left to the longer way: the lower of the two must win.
    if (!enter(table, h, axes, pattern)) return null;
  }
  if (!patterns.every((pattern) => pattern.lines === linesOf(pattern, dimensions))) return null;
  const candidates = patterns.flatMap((pattern, at) => candidatesOf(pattern, at * size, dimensions));
  return { lineOn, candidates: Int32Array.from(candidates) };
}

/** What line h has beyond the common coordinate, descending, and on which `axes`. */
function describe({ terms, axes, extra }: Lines, h: number, on: Int32Array): [number, number, number] {
  const beyond: [number, number, number] = [0, 0, 0];
  on.fill(0);
  for (let k = 0; k < terms; k++) {
    const value = extra[h * terms + k]!;
    if (value === 0) continue;
    let at = k;
    for (; at > 0 && beyond[at - 1]! < value; at--) {
      beyond[at] = beyond[at - 1]!;
      on[at] = on[at - 1]!;
    }
    beyond[at] = value;
    on[at] = axes[h * terms + k]!;
  }
  return beyond;
}

function isAlike({ common, beyond }: Pattern, other: number, beyondOther: Pattern['beyond']): boolean {
  return (
    Math.abs(common - other) <= ROUNDING &&
    Math.abs(beyond[0] - beyondOther[0]) <= ROUNDING &&
    Math.abs(beyond[1] - beyondOther[1]) <= ROUNDING &&
    Math.abs(beyond[2] - beyondOther[2]) <= ROUNDING
  );
}

/** After coordinate number `end` of a pattern (from 1) a smaller one follows. */
function isStep({ beyond }: Pattern, end: number): boolean {
  return beyond[end - 1]! - (beyond[end] ?? 0) > ROUNDING;
}

function termsOf({ beyond }: Pattern): number {
  return beyond.filter((value) => value > ROUNDING).length;
}

/** Enters a line under every order of its axes that its equal coordinates allow; false where one is taken. */
function enter(table: Int32Array, h: number, axes: Int32Array, pattern: Pattern): boolean {
  const dimensions = Math.round(Math.cbrt(table.length));
  const [a, b, c] = [axes[0]!, axes[1]!, axes[2]!];
  const put = (x: number, y: number, z: number): boolean => {
    const key = x + dimensions * (y + dimensions * z);
    if (table[key] !== -1) return false;
    table[key] = h;
    return true;
  };
  const terms = termsOf(pattern);
  const swapsFirst = terms > 1 && !isStep(pattern, 1);
  const swapsLast = terms > 2 && !isStep(pattern, 2);
  let entered = put(a, b, c);
  if (swapsFirst) entered = put(b, a, c) && entered;
  if (swapsLast) entered = put(a, c, b) && entered;
  if (swapsFirst && swapsLast) entered = put(b, c, a) && put(c, a, b) && put(c, b, a) && entered;
  return entered;
}

/** How many lines a whole pattern has. */
function linesOf(pattern: Pattern, dimensions: number): number {
  let lines = 1;
  let equal = 1;
  for (let k = 0; k < termsOf(pattern); k++) {
    equal = k > 0 && !isStep(pattern, k) ? equal + 1 : 1;
    lines *= (dimensions - k) / equal;
  }
  return Math.round(lines);
}

function candidatesOf(pattern: Pattern, table: number, dimensions: number): number[] {
  const terms = termsOf(pattern);
  const candidate = (places: readonly number[]): number[] => [
    table,
    ...places.slice(0, MOST_TERMS).map((place, k) => (k < terms ? place : SHOWN)),
  ];
  const all = candidate([0, 1, 2]);
  for (let end = 1; end <= terms && end < dimensions; end++) {
    if (!isStep(pattern, end)) continue;
    const places = [0, 1, 2, 3];
    [places[end - 1], places[end]] = [end, end - 1];
    all.push(...candidate(places));
  }
  return all;
}
