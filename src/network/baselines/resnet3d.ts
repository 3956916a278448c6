/**
 * 3-D ResNet with bottleneck blocks (He et al. 2016, Table 1; in three dimensions: Hara, Kataoka & Satoh
 * 2018). Stem 7 x 7 x 7 with stride 1 along the depth and 2 in the plane, max pooling, four groups of
 * bottlenecks, the stride of a group in the 3 x 3 x 3 convolution of its first block.
 */
import type { DepthAndPlane, Layer, LayerBuilder, LayerGroup } from './layers.js';
import { shortcut } from './layers.js';

/** A bottleneck's output has four times the channels of its middle. */
const EXPANSION = 4;

export interface ResNetOptions {
  /** Channels of the stem and of the middle of the first group; doubled from group to group. */
  readonly width: number;
  /** Blocks of each group. */
  readonly blocks: readonly number[];
}

/** Layers in forward order, and the channels of the last feature map. */
export function resNet3d(
  builder: LayerBuilder,
  channels: number,
  { width, blocks }: ResNetOptions,
): { readonly groups: LayerGroup[]; readonly outputs: number } {
  const stem = builder.convolution('stem', {
    inputs: channels,
    outputs: width,
    kernel: [7, 7],
    stride: [1, 2],
    activation: 'relu',
    first: true,
  });
  const groups: LayerGroup[] = [{ name: 'stem', layers: [stem, { kind: 'max-pool' }] }];
  let inputs = width;
  blocks.forEach((count, group) => {
    for (let block = 0; block < count; block++) {
      const name = `group${group + 1}/block${String(block).padStart(2, '0')}`;
      const stride: DepthAndPlane = group > 0 && block === 0 ? [2, 2] : [1, 1];
      groups.push({ name, layers: [bottleneck(builder, name, { inputs, middle: width << group, stride })] });
      inputs = EXPANSION * (width << group);
    }
  });
  return { groups, outputs: inputs };
}

function bottleneck(
  builder: LayerBuilder,
  name: string,
  shape: { readonly inputs: number; readonly middle: number; readonly stride: DepthAndPlane },
): Layer {
  const { inputs, middle, stride } = shape;
  const outputs = EXPANSION * middle;
  const body = [
    builder.convolution(`${name}/reduce`, { inputs, outputs: middle, kernel: [1, 1], activation: 'relu' }),
    builder.convolution(`${name}/space`, {
      inputs: middle,
      outputs: middle,
      kernel: [3, 3],
      stride,
      activation: 'relu',
    }),
    builder.convolution(`${name}/expand`, { inputs: middle, outputs, kernel: [1, 1], activation: 'none' }),
  ];
  return { kind: 'residual', body, shortcut: shortcut(builder, name, { inputs, outputs, stride }) };
}
