/**
 * Reference lines as unit vectors, written so that a product with one takes few multiplications: directions of
 * Das and Dennis have most coordinates at their least (0 in the outer layer, 1 / (2 M) in the inner one), so that
 * w.f = common · sum(f) + what the other coordinates have beyond that.
 */

export interface Lines {
  readonly count: number;
  /** [H][M], unit vectors. */
  readonly units: Float64Array;
  /** [H], the least coordinate of the unit vector. */
  readonly common: Float64Array;
  /** How many other coordinates a line has at most, and at least 3: the length of its rows below. */
  readonly terms: number;
  /** [H][terms], the axes of the others, filled up with 0. */
  readonly axes: Int32Array;
  /** [H][terms], by how much they differ from `common`, filled up with 0. */
  readonly extra: Float64Array;
}

/** Rows of three are what two layers of few partitions give, and multiplied without a loop. */
export const FEWEST_TERMS = 3;

/** The lines through 0 and `references` [H][M] (not all zero). */
export function linesThrough(references: readonly (readonly number[])[], dimensions: number): Lines {
  const count = references.length;
  const units = new Float64Array(count * dimensions);
  const common = new Float64Array(count);
  let terms = FEWEST_TERMS;
  references.forEach((reference, h) => {
    let squared = 0;
    for (const coordinate of reference) squared += coordinate * coordinate;
    const length = Math.sqrt(squared);
    let least = Infinity;
    for (let j = 0; j < dimensions; j++) {
      const coordinate = reference[j]! / length;
      units[h * dimensions + j] = coordinate;
      least = Math.min(least, coordinate);
    }
    common[h] = least;
    let others = 0;
    for (let j = 0; j < dimensions; j++) if (units[h * dimensions + j] !== least) others++;
    terms = Math.max(terms, others);
  });
  const axes = new Int32Array(count * terms);
  const extra = new Float64Array(count * terms);
  for (let h = 0; h < count; h++) {
    let at = h * terms;
    for (let j = 0; j < dimensions; j++) {
      const beyond = units[h * dimensions + j]! - common[h]!;
      if (beyond === 0) continue;
      axes[at] = j;
      extra[at++] = beyond;
    }
  }
  return { count, units, common, terms, axes, extra };
}
