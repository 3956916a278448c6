/** Where the positions of a baseline's last feature map lie in the scan. */
import type { AxisGrid, Network } from '../network.js';
import type { Layer } from './layers.js';

type Grid = Network['grid'];

const coarser = ({ stride, offset }: AxisGrid, step: number, shift: number): AxisGrid => ({
  stride: stride * step,
  offset: offset + stride * shift,
});

/**
 * Padding k//2 centres output i of a convolution or maximum of stride s on its input s·i; the mean of two
 * neighbours lies between them.
 */
export function gridOf(layers: readonly Layer[], start: Grid = FINEST): Grid {
  return layers.reduce((grid, layer) => afterLayer(layer, grid), start);
}

const FINEST: Grid = { depth: { stride: 1, offset: 0 }, plane: { stride: 1, offset: 0 } };

function afterLayer(layer: Layer, { depth, plane }: Grid): Grid {
  switch (layer.kind) {
    case 'convolution':
      return { depth: coarser(depth, layer.stride[0], 0), plane: coarser(plane, layer.stride[1], 0) };
    case 'max-pool':
      return { depth: coarser(depth, 2, 0), plane: coarser(plane, 2, 0) };
    case 'average-pool':
      return { depth: coarser(depth, 2, 0.5), plane: coarser(plane, 2, 0.5) };
    case 'residual':
      return gridOf(layer.body, { depth, plane });
    case 'normalise':
    case 'concatenate':
      return { depth, plane };
  }
}
