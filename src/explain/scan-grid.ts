/** Where features lie in a scan of its own size, from where they lie in what the network sees of it. */
import type { Volume } from './class-activation.js';
import type { AxisGrid, FeatureGrid } from './upsample.js';

/** What a network sees of a scan. */
interface SeenInput {
  readonly slices: number;
  readonly size: number;
  /** Share of each side of a slice, around its middle. */
  readonly crop: number;
}

/**
 * Pixel p of the network's input is centred on o + (p + ½)·scale − ½ of the scan, where the network sees the
 * middle `crop` of each side: scale = crop · extent / input, o = (1 − crop) · extent / 2. Slices are chosen by
 * the same rule, to the nearest, of the whole depth.
 */
export function scanGrid(
  grid: { readonly depth: AxisGrid; readonly plane: AxisGrid },
  input: SeenInput,
  [depth, height, width]: Volume['shape'],
): FeatureGrid {
  const spread = ({ stride, offset }: AxisGrid, extent: number, [seen, crop]: [number, number]): AxisGrid => {
    const scale = (extent * crop) / seen;
    const outside = (extent * (1 - crop)) / 2;
    return { stride: stride * scale, offset: outside + (offset + 0.5) * scale - 0.5 };
  };
  return [
    spread(grid.depth, depth, [input.slices, 1]),
    spread(grid.plane, height, [input.size, input.crop]),
    spread(grid.plane, width, [input.size, input.crop]),
  ];
}

/** A map `[depth, height, width]` without what the network did not see: 0 outside the crop, in place. */
export function clearUnseen({ shape: [depth, height, width], values }: Volume, crop: number): void {
  const seen = (at: number, extent: number): boolean =>
    Math.abs(at - (extent - 1) / 2) <= (extent * crop) / 2;
  if (crop === 1) return;
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        if (!seen(y, height) || !seen(x, width)) values[(z * height + y) * width + x] = 0;
}
