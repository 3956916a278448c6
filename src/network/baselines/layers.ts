/**
 * The layers of a baseline as data: what runs after what, and which tensors it reads. Forward pass, cost
 * and initialisation all walk this one list, as `space/layout.ts` does for a SuperNet.
 */
import { LayoutBuilder } from '../../space/tensors.js';
import type { Activation } from '../../tensor/batch-norm.js';
import type { NormLayout } from '../blocks.js';

/** Extents of a kernel or a stride: along the depth, and along height and width. */
export type DepthAndPlane = readonly [depth: number, plane: number];

/** Convolution without bias, padding k//2 → batch norm and activation, where there is one. */
export interface ConvolutionLayer {
  readonly kind: 'convolution';
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: DepthAndPlane;
  readonly stride: DepthAndPlane;
  /** Index of the weight: [kd, kp, kp, inputs, outputs], or [inputs, outputs] for a kernel of 1. */
  readonly weight: number;
  readonly norm: NormLayout | null;
  /** True for the layer that reads the scan: nothing before it has a gradient. */
  readonly first: boolean;
}

export type Layer =
  | ConvolutionLayer
  /** Batch norm and activation alone, before a convolution. */
  | { readonly kind: 'normalise'; readonly norm: NormLayout; readonly channels: number }
  /** 3 x 3 x 3, stride 2, padding 1. */
  | { readonly kind: 'max-pool' }
  /** 2 x 2 x 2, stride 2. */
  | { readonly kind: 'average-pool' }
  /** ReLU(body + shortcut); an empty shortcut is the identity. */
  | { readonly kind: 'residual'; readonly body: readonly Layer[]; readonly shortcut: readonly Layer[] }
  /** The input, and the body's output behind it, along the channels. */
  | { readonly kind: 'concatenate'; readonly body: readonly Layer[] };

/** A named run of layers: a line of `emars inspect`. */
export interface LayerGroup {
  readonly name: string;
  readonly layers: readonly Layer[];
}

/** PyTorch's default, which the published baselines use. */
const EPSILON = 1e-5;

export interface ConvolutionOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: DepthAndPlane;
  readonly stride?: DepthAndPlane;
  /** What follows the batch norm; null for a convolution without batch norm. */
  readonly activation: Activation | null;
  readonly first?: boolean;
}

/** Adds the layers of a baseline to the tensor lists, in the order in which they run. */
export class LayerBuilder extends LayoutBuilder {
  /** Normal initialisation with std sqrt(2 / fan-out), the fan-out over all kernel axes (He et al. 2015). */
  convolution(name: string, options: ConvolutionOptions): ConvolutionLayer {
    const { inputs, outputs, kernel, stride = [1, 1], activation, first = false } = options;
    const [deep, plane] = kernel;
    const pointwise = deep === 1 && plane === 1;
    return {
      kind: 'convolution',
      inputs,
      outputs,
      kernel,
      stride,
      first,
      weight: this.parameter(
        `${name}/weight`,
        pointwise ? [inputs, outputs] : [deep, plane, plane, inputs, outputs],
        { kind: 'normal', deviation: Math.sqrt(2 / (deep * plane * plane * outputs)) },
      ),
      norm: activation === null ? null : this.norm(name, outputs, activation),
    };
  }

  normalise(name: string, channels: number): Layer {
    return { kind: 'normalise', channels, norm: this.norm(name, channels, 'relu') };
  }

  private norm(name: string, channels: number, activation: Activation): NormLayout {
    return {
      gamma: this.parameter(`${name}/gamma`, [channels], { kind: 'constant', value: 1 }),
      beta: this.parameter(`${name}/beta`, [channels], { kind: 'constant', value: 0 }),
      mean: this.statistic(`${name}/mean`, channels, 0),
      variance: this.statistic(`${name}/variance`, channels, 1),
      activation,
      epsilon: EPSILON,
    };
  }
}

/** The way past the body of a residual block: nothing where shapes agree, else a convolution of 1 x 1 x 1. */
export function shortcut(
  builder: LayerBuilder,
  name: string,
  shape: { readonly inputs: number; readonly outputs: number; readonly stride: DepthAndPlane },
): Layer[] {
  const { inputs, outputs, stride } = shape;
  if (inputs === outputs && stride.every((step) => step === 1)) return [];
  return [
    builder.convolution(`${name}/shortcut`, { inputs, outputs, kernel: [1, 1], stride, activation: 'none' }),
  ];
}
