/**
 * The hand-designed networks that searched ones are compared with (paper section V-B), and variants of
 * each that train on a CPU in minutes.
 *
 * With 3 classes and 3 input channels the first three have the sizes the paper prints: 325.21, 43.06 and
 * 43.84 MB. Scans have one channel, which takes off at most 0.4 %.
 */
import type { BaselineName } from '../../space/baseline-names.js';
import type { NetworkLayout } from '../../space/tensors.js';
import type { DenseNetOptions } from './densenet3d.js';
import { denseNet3d } from './densenet3d.js';
import type { LayerGroup } from './layers.js';
import { LayerBuilder } from './layers.js';
import type { Mc3Options } from './mc3.js';
import { mc3 } from './mc3.js';
import type { ResNetOptions } from './resnet3d.js';
import { resNet3d } from './resnet3d.js';

/** A baseline's family and its numbers. */
export type BaselineDesign =
  | ({ readonly family: 'resnet3d' } & ResNetOptions)
  | ({ readonly family: 'densenet3d' } & DenseNetOptions)
  | ({ readonly family: 'mc3' } & Mc3Options);

const DESIGNS = {
  'resnet3d-101': { family: 'resnet3d', width: 64, blocks: [3, 4, 23, 3] },
  'densenet3d-121': { family: 'densenet3d', initial: 64, growth: 32, blocks: [6, 12, 24, 16] },
  'mc3-18': { family: 'mc3', width: 64, blocks: [2, 2, 2, 2] },
  'resnet3d-small': { family: 'resnet3d', width: 8, blocks: [1, 1, 1, 1] },
  'densenet3d-small': { family: 'densenet3d', initial: 16, growth: 8, blocks: [2, 2, 2, 2] },
  'mc3-small': { family: 'mc3', width: 8, blocks: [1, 1, 1, 1] },
} as const satisfies Record<BaselineName, BaselineDesign>;

/** Channels of a scan, as the SuperNet's stem expects. */
export const CHANNELS = 1;

export function baselineDesign(name: BaselineName): BaselineDesign {
  return DESIGNS[name];
}

export interface BaselineLayout extends NetworkLayout {
  readonly groups: readonly LayerGroup[];
}

export interface BaselineShape {
  /** Channels of a scan, ≥ 1. */
  readonly channels: number;
  /** ≥ 2. */
  readonly classes: number;
}

/** The layout of a design. Tensors stand in the order in which they are used, the classifier last. */
export function baselineLayout(design: BaselineDesign, { channels, classes }: BaselineShape): BaselineLayout {
  const builder = new LayerBuilder();
  const { groups, outputs } = layersOf(builder, channels, design);
  const classifier = builder.classifier(outputs, classes);
  const { parameters, statistics, parameterCount, statisticCount } = builder;
  return { groups, parameters, statistics, parameterCount, statisticCount, classifier };
}

function layersOf(
  builder: LayerBuilder,
  channels: number,
  design: BaselineDesign,
): { readonly groups: readonly LayerGroup[]; readonly outputs: number } {
  switch (design.family) {
    case 'resnet3d':
      return resNet3d(builder, channels, design);
    case 'densenet3d':
      return denseNet3d(builder, channels, design);
    case 'mc3':
      return mc3(builder, channels, design);
  }
}
