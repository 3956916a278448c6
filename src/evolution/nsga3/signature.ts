/**
 * A coarse picture of a point in one integer, by which most pairs are seen at once not to dominate: each
 * objective in a field of few bits with a guard bit above it. If a dominates b, no field of a is
 * greater, so that b's fields with their guards set, minus a's, keep every guard.
 */

export interface Signatures {
  /** [n], fields of all objectives, or of the first ten. */
  readonly signatures: Int32Array;
  /** The guard bits. */
  readonly guards: number;
}

/** Bits of an integer that stays positive. */
const BITS = 30;
/** A field of fewer bits says too little. */
const FEWEST_BITS = 3;

/** Signatures of points [n][M], smaller is better. */
export function signaturesOf(data: Float64Array, dimensions: number): Signatures {
  const count = data.length / dimensions;
  const fields = Math.min(dimensions, BITS / FEWEST_BITS);
  const width = Math.floor(BITS / fields);
  const highest = (1 << (width - 1)) - 1;
  const signatures = new Int32Array(count);
  let guards = 0;
  for (let field = 0; field < fields; field++) {
    let least = Infinity;
    let most = -Infinity;
    for (let at = field; at < data.length; at += dimensions) {
      least = Math.min(least, data[at]!);
      most = Math.max(most, data[at]!);
    }
    const shift = field * width;
    guards |= 1 << (shift + width - 1);
    if (!(most > least)) continue;
    for (let i = 0; i < count; i++) {
      // Never falls as the value grows, whatever is rounded: that is all that is needed.
      const share = (data[i * dimensions + field]! - least) / (most - least);
      signatures[i]! |= Math.min(highest, Math.floor(share * (highest + 1))) << shift;
    }
  }
  return { signatures, guards };
}
