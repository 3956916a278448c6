/** The views of a scan that predictions and heat maps look at: as it is, and flipped in the plane. */
import { copyFlipped, type Flips } from '../training/augment.js';

/** As they are, and flipped left to right, front to back, and both. */
export const VIEWS: readonly Flips[] = [false, true].flatMap((vertical) =>
  [false, true].map((horizontal) => ({ horizontal, vertical })),
);

/** A stack `[depth, height, width]` flipped; a new array. The same flips again give the stack back. */
export function flippedStack(
  stack: Float32Array,
  [depth, height, width]: readonly [depth: number, height: number, width: number],
  flips: Flips,
): Float32Array {
  const out = new Float32Array(stack.length);
  const area = height * width;
  for (let from = 0; from < depth * area; from += area) {
    const slice = stack.subarray(from, from + area);
    copyFlipped(slice, out.subarray(from, from + area), [height, width], flips);
  }
  return out;
}
