/**
 * MC3: mixed convolutions, 3-D in the stem and the first group, in the plane only behind it (Tran et al.
 * 2018, "A closer look at spatiotemporal convolutions", section 3.3; MC3-18 has two basic blocks a group).
 * Stem 3 x 7 x 7 with stride 1 along the depth, so the depth is never halved: the network is cheap in
 * parameters, and dear in memory.
 */
import type { DepthAndPlane, Layer, LayerBuilder, LayerGroup } from './layers.js';
import { shortcut } from './layers.js';

export interface Mc3Options {
  /** Channels of the stem and of the first group; doubled from group to group. */
  readonly width: number;
  /** Blocks of each group. */
  readonly blocks: readonly number[];
}

/** Layers in forward order, and the channels of the last feature map. */
export function mc3(
  builder: LayerBuilder,
  channels: number,
  { width, blocks }: Mc3Options,
): { readonly groups: LayerGroup[]; readonly outputs: number } {
  const stem = builder.convolution('stem', {
    inputs: channels,
    outputs: width,
    kernel: [3, 7],
    stride: [1, 2],
    activation: 'relu',
    first: true,
  });
  const groups: LayerGroup[] = [{ name: 'stem', layers: [stem] }];
  let inputs = width;
  blocks.forEach((count, group) => {
    const outputs = width << group;
    for (let block = 0; block < count; block++) {
      const name = `group${group + 1}/block${String(block).padStart(2, '0')}`;
      const stride: DepthAndPlane = group > 0 && block === 0 ? [1, 2] : [1, 1];
      const kernel: DepthAndPlane = group === 0 ? [3, 3] : [1, 3];
      groups.push({ name, layers: [basicBlock(builder, name, { inputs, outputs, kernel, stride })] });
      inputs = outputs;
    }
  });
  return { groups, outputs: inputs };
}

function basicBlock(
  builder: LayerBuilder,
  name: string,
  shape: {
    readonly inputs: number;
    readonly outputs: number;
    readonly kernel: DepthAndPlane;
    readonly stride: DepthAndPlane;
  },
): Layer {
  const { inputs, outputs, kernel, stride } = shape;
  const body = [
    builder.convolution(`${name}/first`, { inputs, outputs, kernel, stride, activation: 'relu' }),
    builder.convolution(`${name}/second`, { inputs: outputs, outputs, kernel, activation: 'none' }),
  ];
  return { kind: 'residual', body, shortcut: shortcut(builder, name, { inputs, outputs, stride }) };
}
