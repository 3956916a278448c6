/**
 * 3-D DenseNet-BC (Huang et al. 2017, Table 1; in three dimensions: Diba et al. 2017 and Hara et al. 2018).
 * Stem 7 x 7 x 7 with stride 1 along the depth and 2 in the plane, max pooling; dense blocks whose layers
 * see all channels before them; between blocks a transition that halves channels and extents.
 *
 * DEVIATION: where an extent is odd, the transition's mean pooling keeps its last slice (ceil), where the
 * original drops it (floor), so that small scans do not vanish.
 */
import type { Layer, LayerBuilder, LayerGroup } from './layers.js';

/** Channels of a layer's 1 x 1 x 1 bottleneck, in growths. */
const BOTTLENECK = 4;

export interface DenseNetOptions {
  /** Channels of the stem. */
  readonly initial: number;
  /** Channels that a layer adds. */
  readonly growth: number;
  /** Layers of each dense block. */
  readonly blocks: readonly number[];
}

/** Layers in forward order, and the channels of the last feature map. */
export function denseNet3d(
  builder: LayerBuilder,
  channels: number,
  { initial, growth, blocks }: DenseNetOptions,
): { readonly groups: LayerGroup[]; readonly outputs: number } {
  const stem = builder.convolution('stem', {
    inputs: channels,
    outputs: initial,
    kernel: [7, 7],
    stride: [1, 2],
    activation: 'relu',
    first: true,
  });
  const groups: LayerGroup[] = [{ name: 'stem', layers: [stem, { kind: 'max-pool' }] }];
  let width = initial;
  blocks.forEach((count, block) => {
    for (let layer = 0; layer < count; layer++) {
      const name = `dense${block + 1}/layer${String(layer).padStart(2, '0')}`;
      groups.push({ name, layers: [denseLayer(builder, name, width, growth)] });
      width += growth;
    }
    if (block === blocks.length - 1) return;
    const name = `transition${block + 1}`;
    const halved = width >> 1;
    groups.push({
      name,
      layers: [
        builder.normalise(`${name}/norm`, width),
        builder.convolution(name, { inputs: width, outputs: halved, kernel: [1, 1], activation: null }),
        { kind: 'average-pool' },
      ],
    });
    width = halved;
  });
  groups.push({ name: 'norm', layers: [builder.normalise('norm', width)] });
  return { groups, outputs: width };
}

function denseLayer(builder: LayerBuilder, name: string, inputs: number, growth: number): Layer {
  const middle = BOTTLENECK * growth;
  return {
    kind: 'concatenate',
    body: [
      builder.normalise(`${name}/norm`, inputs),
      builder.convolution(`${name}/reduce`, { inputs, outputs: middle, kernel: [1, 1], activation: 'relu' }),
      builder.convolution(`${name}/space`, {
        inputs: middle,
        outputs: growth,
        kernel: [3, 3],
        activation: null,
      }),
    ],
  };
}
