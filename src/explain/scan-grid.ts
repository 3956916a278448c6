/** Where features lie in a scan of its own size, from where they lie in what the network sees of it. */
import type { Volume } from './class-activation.js';
import type { AxisGrid, FeatureGrid } from './upsample.js';

/**
 * Pixel p of the network's input is centred on (p + ½)·scale − ½ of the scan, scale = extent / input; slices
 * are chosen by the same rule, to the nearest.
 */
export function scanGrid(
  grid: { readonly depth: AxisGrid; readonly plane: AxisGrid },
  input: { readonly slices: number; readonly size: number },
  [depth, height, width]: Volume['shape'],
): FeatureGrid {
  const spread = ({ stride, offset }: AxisGrid, extent: number, seen: number): AxisGrid => {
    const scale = extent / seen;
    return { stride: stride * scale, offset: (offset + 0.5) * scale - 0.5 };
  };
  return [
    spread(grid.depth, depth, input.slices),
    spread(grid.plane, height, input.size),
    spread(grid.plane, width, input.size),
  ];
}
