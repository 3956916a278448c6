/** The views of a scan that predictions and heat maps look at: as it is, and flipped in the plane. */
import type { Flips } from '../training/augment.js';

/** As they are, and flipped left to right, front to back, and both. */
export const VIEWS: readonly Flips[] = [false, true].flatMap((vertical) =>
  [false, true].map((horizontal) => ({ horizontal, vertical })),
);

/** A stack `[depth, height, width]` flipped; a new array. The same flips again give the stack back. */
export function flippedStack(
  stack: Float32Array,
  [depth, height, width]: readonly [depth: number, height: number, width: number],
  { horizontal, vertical }: Flips,
): Float32Array {
  const out = new Float32Array(stack.length);
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++) {
      const from = (z * height + (vertical ? height - 1 - y : y)) * width;
      const to = (z * height + y) * width;
      for (let x = 0; x < width; x++) out[to + x] = stack[from + (horizontal ? width - 1 - x : x)]!;
    }
  return out;
}
