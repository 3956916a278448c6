/**
 * A path through the SuperNet: images in, logits out (paper section III, Fig. 1).
 *
 * stem → cells (calibration, blocks) → head → global average pooling → dropout → classifier. Weights are
 * shared by all paths: a path reads its tensors out of the SuperNet's one flat vector.
 */
import type { Kernels } from '../kernels/kernels.js';
import type { Path } from '../space/path.js';
import type { ClassifierLayout, TensorLists } from '../space/tensors.js';
import type { Tensor } from '../tensor/backend.js';
import { dense, globalAveragePool, multiplyMask } from '../tensor/head.js';
import { fromFloats } from '../tensor/scope.js';
import type { FeatureMap, Normalise, Weights } from './blocks.js';
import { memberFeatures } from './baselines/member.js';
import { runStage } from './blocks.js';

/** A path with the weights it takes its own from: what can be run. */
export interface Subnet {
  readonly net: { readonly layout: TensorLists };
  readonly path: Path;
  /** The net's whole flat vector, shared memory included; only read. */
  readonly parameters: Float32Array;
  /** What computes it; TensorFlow where absent or null. */
  readonly kernels?: Kernels | null;
}

/** What a forward pass reads besides images. */
export interface ForwardPass {
  readonly weights: Weights;
  readonly normalise: Normalise;
  /** `[batch, head]` of 0 and 1/keep; none in evaluation. */
  readonly dropoutMask?: Tensor | null;
}

/** A path's parameters as tensors of the current scope, in path order, and the way to find them. */
export function uploadPath({ net, path, parameters }: Subnet): {
  readonly tensors: readonly Tensor[];
  readonly weights: Weights;
} {
  if (parameters.length !== net.layout.parameterCount)
    throw new RangeError(
      `expected the ${net.layout.parameterCount} parameters of the net, got ${parameters.length}`,
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
  path: Path,
  images: FeatureMap,
  { weights, normalise }: ForwardPass,
): FeatureMap {
  if (path.baseline !== null) return memberFeatures(path.baseline, path, images, { weights, normalise });
  return path.stages.reduce((map, stage) => runStage(stage, map, weights, normalise), images);
}

/** Logits `[batch, classes]` of a path. */
export function pathLogits({ path }: Subnet, images: FeatureMap, pass: ForwardPass): Tensor {
  return classify(pathFeatures(path, images, pass), path.classifier, pass);
}

/** Pooling, dropout and classifier: the last feature map to logits `[batch, classes]`. */
export function classify(
  { values, depth }: FeatureMap,
  { weight, bias }: ClassifierLayout,
  pass: ForwardPass,
): Tensor {
  const pooled = globalAveragePool(values, depth);
  const mask = pass.dropoutMask ?? null;
  return dense(mask === null ? pooled : multiplyMask(pooled, mask), pass.weights(weight), pass.weights(bias));
}
