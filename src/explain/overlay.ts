/** A slice in grey with the evidence for a class over it, as red, green, blue. */

/** Evidence of 1 hides this share of the slice. */
const COVER = 0.6;

/** `grey` and `heat` `[pixels]` in [0, 1] → `[pixels][3]` in 0…255; from yellow (little) to red (most). */
export function overlaySlice(grey: Float32Array, heat: Float32Array): Uint8Array {
  if (grey.length !== heat.length)
    throw new RangeError(`expected ${grey.length} values of heat, got ${heat.length}`);
  const pixels = new Uint8Array(3 * grey.length);
  grey.forEach((value, i) => {
    const share = COVER * heat[i]!;
    const base = 255 * (1 - share) * value;
    pixels[3 * i] = Math.round(base + 255 * share);
    pixels[3 * i + 1] = Math.round(base + 255 * share * (1 - heat[i]!));
    pixels[3 * i + 2] = Math.round(base);
  });
  return pixels;
}
