/**
 * What a baseline costs, by arithmetic alone, in the conventions of `space/cost.ts`: a multiply-add is 2
 * FLOPs, every tap of every output counts, batch norm 2 and an activation 1 a value, a residual sum 1 a
 * value, pooling 1 a value it reads (27 a value for the overlapping maximum).
 */
import type { BlockCost, InputSize } from '../../space/cost.js';
import { classifierCost, outputExtent, totalCost } from '../../space/cost.js';
import type { NormLayout } from '../blocks.js';
import type { BaselineLayout } from './catalogue.js';
import type { Layer } from './layers.js';

/** [depth, height, width, channels]. */
type Shape = readonly [number, number, number, number];

export interface BaselineCost {
  readonly parameters: number;
  readonly sizeMB: number;
  /** Forward pass of one scan. */
  readonly flops: number;
  /** Floats of the outputs of all convolutions on one scan: what training keeps grows with them. */
  readonly convolved: number;
  /** A line a group of layers, and the classifier. */
  readonly blocks: readonly BlockCost[];
}

const volume = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

const normFlops = ({ activation }: NormLayout): number => (activation === 'none' ? 2 : 3);

function outputOf([depth, height, width]: Shape, stride: readonly [number, number], channels: number): Shape {
  return [
    outputExtent(depth, stride[0]),
    outputExtent(height, stride[1]),
    outputExtent(width, stride[1]),
    channels,
  ];
}

interface Passed {
  readonly shape: Shape;
  readonly flops: number;
  readonly convolved: number;
}

function layersCost(layers: readonly Layer[], shape: Shape): Passed {
  return layers.reduce<Passed>(
    (before, layer) => {
      const { shape: after, flops, convolved } = layerCost(layer, before.shape);
      return { shape: after, flops: before.flops + flops, convolved: before.convolved + convolved };
    },
    { shape, flops: 0, convolved: 0 },
  );
}

function layerCost(layer: Layer, shape: Shape): Passed {
  switch (layer.kind) {
    case 'convolution': {
      const output = outputOf(shape, layer.stride, layer.outputs);
      const [deep, plane] = layer.kernel;
      const taps = deep * plane * plane * layer.inputs;
      return {
        shape: output,
        flops: volume(output) * (2 * taps + (layer.norm === null ? 0 : normFlops(layer.norm))),
        convolved: volume(output),
      };
    }
    case 'normalise':
      return { shape, flops: volume(shape) * normFlops(layer.norm), convolved: volume(shape) };
    case 'max-pool': {
      const output = outputOf(shape, [2, 2], shape[3]);
      return { shape: output, flops: 27 * volume(output), convolved: 0 };
    }
    case 'average-pool':
      return { shape: outputOf(shape, [2, 2], shape[3]), flops: volume(shape), convolved: 0 };
    case 'residual': {
      const body = layersCost(layer.body, shape);
      const shortcut = layersCost(layer.shortcut, shape);
      // The sum and the ReLU behind it.
      return {
        shape: body.shape,
        flops: body.flops + shortcut.flops + 2 * volume(body.shape),
        convolved: body.convolved + shortcut.convolved,
      };
    }
    case 'concatenate': {
      const body = layersCost(layer.body, shape);
      return { ...body, shape: [shape[0], shape[1], shape[2], shape[3] + body.shape[3]] };
    }
  }
}

/** Indices of the parameters that layers read. */
function parametersOf(layer: Layer): number[] {
  switch (layer.kind) {
    case 'convolution':
      return [layer.weight, ...(layer.norm === null ? [] : [layer.norm.gamma, layer.norm.beta])];
    case 'normalise':
      return [layer.norm.gamma, layer.norm.beta];
    case 'max-pool':
    case 'average-pool':
      return [];
    case 'residual':
      return [...layer.body, ...layer.shortcut].flatMap(parametersOf);
    case 'concatenate':
      return layer.body.flatMap(parametersOf);
  }
}

/** Cost of a baseline on an input of `channels` channels. */
export function baselineCost(layout: BaselineLayout, input: InputSize, channels: number): BaselineCost {
  let shape: Shape = [input.slices, input.size, input.size, channels];
  let convolved = 0;
  const blocks: BlockCost[] = layout.groups.map(({ name, layers }, index) => {
    const passed = layersCost(layers, shape);
    shape = passed.shape;
    convolved += passed.convolved;
    const parameters = layers
      .flatMap(parametersOf)
      .reduce((sum, tensor) => sum + layout.parameters[tensor]!.size, 0);
    return { index, op: name, parameters, flops: passed.flops, outputShape: shape };
  });
  blocks.push(classifierCost(blocks.length, layout.classifier, shape));
  return { ...totalCost(blocks), convolved };
}
