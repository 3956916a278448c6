/**
 * A path through the SuperNet: images in, logits out (paper section III, Fig. 1).
 *
 * stem → cells (calibration, blocks) → head → global average pooling → dropout → classifier. Weights are
 * shared by all paths: a path reads its tensors out of the SuperNet's one flat vector.
 */
import type { Genome } from '../space/genome.js';
import type { PathLayout, SuperNetLayout } from '../space/layout.js';
import { pathStages } from '../space/layout.js';
import type { SearchSpace } from '../space/space.js';
import type { Tensor } from '../tensor/backend.js';
import { dense, globalAveragePool, multiplyMask } from '../tensor/head.js';
import { fromFloats } from '../tensor/scope.js';
import type { FeatureMap, Normalise, Weights } from './blocks.js';
import { runStage } from './blocks.js';

/** A search space and the layout that follows from it. */
export interface SuperNet {
  readonly space: SearchSpace;
  readonly layout: SuperNetLayout;
}

/** A path's parameters as tensors of the current scope, in path order, and the way to find them. */
export function uploadPath(
  net: SuperNet,
  path: PathLayout,
  parameters: Float32Array,
): { readonly tensors: readonly Tensor[]; readonly weights: Weights } {
  if (parameters.length !== net.layout.parameterCount)
    throw new RangeError(
      `expected the ${net.layout.parameterCount} parameters of the SuperNet, got ${parameters.length}`,
    );
  const byIndex = new Map<number, Tensor>();
  const tensors = path.parameters.map((index) => {
    const { offset, size, shape } = net.layout.parameters[index]!;
    const tensor = fromFloats(parameters.subarray(offset, offset + size), shape);
    byIndex.set(index, tensor);
    return tensor;
  });
  const weights: Weights = (index) => {
    const tensor = byIndex.get(index);
    if (tensor === undefined)
      throw new RangeError(
        `expected a tensor of the path, got "${net.layout.parameters[index]?.name ?? index}"`,
      );
    return tensor;
  };
  return { tensors, weights };
}

/** The last feature map of a path, before pooling: what class activation maps are made of. */
export function pathFeatures(
  net: SuperNet,
  genome: Genome,
  weights: Weights,
  normalise: Normalise,
  images: FeatureMap,
): FeatureMap {
  return pathStages(net.layout, net.space, genome).reduce(
    (map, stage) => runStage(stage, map, weights, normalise),
    images,
  );
}

/** Logits `[batch, classes]` of a path. `dropoutMask` `[batch, head]` holds 0 and 1/keep; none for evaluation. */
export function pathLogits(
  net: SuperNet,
  genome: Genome,
  weights: Weights,
  normalise: Normalise,
  images: FeatureMap,
  dropoutMask?: Tensor,
): Tensor {
  const { values, depth } = pathFeatures(net, genome, weights, normalise, images);
  const pooled = globalAveragePool(values, depth);
  const { weight, bias } = net.layout.classifier;
  return dense(
    dropoutMask === undefined ? pooled : multiplyMask(pooled, dropoutMask),
    weights(weight),
    weights(bias),
  );
}
