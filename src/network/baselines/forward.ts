/** The layers of a baseline as functions of tensors. */
import type { Tensor } from '../../tensor/backend.js';
import { concatenate } from '../../tensor/concatenate.js';
import { conv3d, pointwise, subsample } from '../../tensor/conv3d.js';
import { add } from '../../tensor/head.js';
import { averagePool3d, maxPool3d } from '../../tensor/pool3d.js';
import { relu } from '../../tensor/relu.js';
import { freeingIntermediates } from '../../tensor/scope.js';
import type { FeatureMap, Normalise, Weights } from '../blocks.js';
import type { ConvolutionLayer, Layer } from './layers.js';

const POOL_KERNEL = 3;
const POOL_STRIDE = 2;

/** Runs layers one after the other. Intermediate tensors are freed where no gradient needs them. */
export function runLayers(
  layers: readonly Layer[],
  input: FeatureMap,
  weights: Weights,
  normalise: Normalise,
): FeatureMap {
  let depth = input.depth;
  const values = freeingIntermediates(
    () =>
      layers.reduce((map, layer) => {
        const next = runLayer(layer, map, weights, normalise);
        depth = next.depth;
        return next;
      }, input).values,
  );
  return { values, depth };
}

function runLayer(layer: Layer, input: FeatureMap, weights: Weights, normalise: Normalise): FeatureMap {
  const { values, depth } = input;
  switch (layer.kind) {
    case 'convolution': {
      const output = convolve(layer, input, weights);
      return {
        values: layer.norm === null ? output : normalise(layer.norm, output, weights),
        depth: Math.ceil(depth / layer.stride[0]),
      };
    }
    case 'normalise':
      return { values: normalise(layer.norm, values, weights), depth };
    case 'max-pool':
      return {
        values: maxPool3d(values, depth, POOL_KERNEL, POOL_STRIDE),
        depth: Math.ceil(depth / POOL_STRIDE),
      };
    case 'average-pool':
      return { values: averagePool3d(values, depth), depth: Math.ceil(depth / 2) };
    case 'residual': {
      const body = runLayers(layer.body, input, weights, normalise);
      const shortcut = runLayers(layer.shortcut, input, weights, normalise);
      return { values: relu(add(body.values, shortcut.values)), depth: body.depth };
    }
    case 'concatenate':
      return {
        values: concatenate(values, runLayers(layer.body, input, weights, normalise).values),
        depth,
      };
  }
}

function convolve(layer: ConvolutionLayer, { values, depth }: FeatureMap, weights: Weights): Tensor {
  const weight = weights(layer.weight);
  if (layer.kernel.every((extent) => extent === 1))
    return pointwise(subsample(values, depth, layer.stride), weight);
  return conv3d(values, weight, depth, { stride: layer.stride, inputGradient: !layer.first });
}
