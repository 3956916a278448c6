/** A whole volume through the resizer that scans go through slice by slice. */
import { SliceResizer } from '#emars/scan/store/resample.js';

/**
 * In-plane resize of a whole volume.
 * @param data `[depth, height, width]`; not changed.
 * @returns a new `[depth, size, size]`.
 */
export function resizeSlices(
  data: Float32Array,
  shape: readonly [depth: number, height: number, width: number],
  size: number,
  crop = 1,
): Float32Array {
  const [depth, height, width] = shape;
  if (data.length !== depth * height * width)
    throw new RangeError(`expected ${depth} x ${height} x ${width} values, got ${data.length}`);
  const resizer = new SliceResizer(height, width, size, crop);
  const out = new Float32Array(depth * size * size);
  for (let z = 0; z < depth; z++) {
    resizer.resize(
      data.subarray(z * height * width, (z + 1) * height * width),
      out.subarray(z * size * size, (z + 1) * size * size),
    );
  }
  return out;
}
