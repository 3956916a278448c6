/** The augmentation of the paper (section V): random horizontal and vertical flips of a whole stack. */
import type { Generator } from '../random/generator.js';

/** Which flips may happen; each then happens with probability one half. */
export interface Flips {
  readonly horizontal: boolean;
  readonly vertical: boolean;
}

/** Draws the flips of one sample: always two draws, so that a switched-off flip moves no other random number. */
export function drawFlips(allowed: Flips, random: Generator): Flips {
  const horizontal = random.chance(0.5);
  const vertical = random.chance(0.5);
  return { horizontal: horizontal && allowed.horizontal, vertical: vertical && allowed.vertical };
}

/** Writes one `[height, width]` slice to `out`, mirrored left-right and top-bottom as asked. */
export function copyFlipped(
  slice: Float32Array,
  out: Float32Array,
  [height, width]: readonly [height: number, width: number],
  flips: Flips,
): void {
  for (let y = 0; y < height; y++) {
    const row = (flips.vertical ? height - 1 - y : y) * width;
    for (let x = 0; x < width; x++) out[y * width + x] = slice[row + (flips.horizontal ? width - 1 - x : x)]!;
  }
}
