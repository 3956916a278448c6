/**
 * A network as a list of plain operations, without running any: what exports to other formats walk.
 * The same lists that the forward pass walks, flattened, so that the two cannot come apart unseen: a test
 * compares the logits.
 */
import { separated } from '../space/cohort.js';
import type { PathStage } from '../space/path.js';
import { BATCH_NORM_EPSILON, type Activation } from '../tensor/batch-norm.js';
import type { Architecture } from './architecture.js';
import { baselineDesign, baselineLayout, CHANNELS } from './baselines/catalogue.js';
import type { Layer } from './baselines/layers.js';
import type { NormLayout } from './blocks.js';

/** Depth, height, width. */
export type Extents = readonly [depth: number, height: number, width: number];

/** What a node does. Tensors are indices into the network's layout. */
export type GraphOperation =
  /**
   * Padding k//2 on both sides. `weight` is stored as [kd, kh, kw, inputs, outputs], for a kernel of 1 as
   * [inputs, outputs], depthwise as [kd, kh, kw, channels, 1].
   */
  | {
      readonly op: 'convolution';
      readonly kernel: Extents;
      readonly stride: Extents;
      readonly depthwise: boolean;
      readonly inputs: number;
      readonly outputs: number;
      readonly weight: number;
    }
  | {
      readonly op: 'batch-norm';
      readonly gamma: number;
      readonly beta: number;
      readonly mean: number;
      readonly variance: number;
      readonly epsilon: number;
    }
  | { readonly op: 'relu' | 'relu6' }
  /** 3 x 3 x 3, stride 2, padding 1. */
  | { readonly op: 'max-pool' }
  /** 2 x 2 x 2, stride 2; a box over the edge is the mean of what is there. */
  | { readonly op: 'average-pool' }
  | { readonly op: 'add' }
  /** Along the channels. */
  | { readonly op: 'concatenate' };

/** Value 0 is the images, value i + 1 the output of node i. */
export interface GraphNode {
  readonly operation: GraphOperation;
  readonly inputs: readonly number[];
}

/** From images to the last feature map, the output of the last node. */
export function graphOf(architecture: Architecture): readonly GraphNode[] {
  const graph = new GraphBuilder();
  if (architecture.kind === 'path') {
    const { paths } = separated(architecture.space, [architecture.genome], () => '');
    paths[0]!.stages.reduce((value, stage) => graph.stage(stage, value), 0);
  } else {
    const shape = { channels: CHANNELS, classes: architecture.classes };
    const { groups } = baselineLayout(baselineDesign(architecture.baseline), shape);
    graph.layers(
      groups.flatMap((group) => group.layers),
      0,
    );
  }
  return graph.nodes;
}

class GraphBuilder {
  readonly nodes: GraphNode[] = [];

  stage(stage: PathStage, input: number): number {
    if (stage.units.length === 0) return input;
    const output = stage.units.reduce((value, unit) => {
      const { kernel, stride } = unit;
      const convolved = this.node([value], {
        op: 'convolution',
        kernel: unit.kind === 'pointwise' ? [1, 1, 1] : [kernel, kernel, kernel],
        stride: [stride, stride, stride],
        depthwise: unit.kind === 'depthwise',
        inputs: unit.inputs,
        outputs: unit.outputs,
        weight: unit.weight,
      });
      return this.normalise(unit, convolved);
    }, input);
    return stage.kind === 'block' ? this.node([input, output], { op: 'add' }) : output;
  }

  layers(layers: readonly Layer[], input: number): number {
    return layers.reduce((value, layer) => this.layer(layer, value), input);
  }

  private layer(layer: Layer, input: number): number {
    switch (layer.kind) {
      case 'convolution': {
        const { inputs, outputs, weight, norm } = layer;
        const [kernel, stride] = [layer.kernel, layer.stride].map(([deep, plane]): Extents => [
          deep,
          plane,
          plane,
        ]) as [Extents, Extents];
        const value = this.node([input], {
          op: 'convolution',
          kernel,
          stride,
          depthwise: false,
          inputs,
          outputs,
          weight,
        });
        return norm === null ? value : this.normalise(norm, value);
      }
      case 'normalise':
        return this.normalise(layer.norm, input);
      case 'max-pool':
      case 'average-pool':
        return this.node([input], { op: layer.kind });
      case 'residual': {
        const parts = [this.layers(layer.body, input), this.layers(layer.shortcut, input)];
        return this.node([this.node(parts, { op: 'add' })], { op: 'relu' });
      }
      case 'concatenate':
        return this.node([input, this.layers(layer.body, input)], { op: 'concatenate' });
    }
  }

  private normalise(norm: NormLayout, input: number): number {
    const { gamma, beta, mean, variance, epsilon = BATCH_NORM_EPSILON } = norm;
    const value = this.node([input], { op: 'batch-norm', gamma, beta, mean, variance, epsilon });
    const activation: Activation = norm.activation;
    return activation === 'none' ? value : this.node([value], { op: activation });
  }

  private node(inputs: readonly number[], operation: GraphOperation): number {
    this.nodes.push({ operation, inputs });
    return this.nodes.length;
  }
}
