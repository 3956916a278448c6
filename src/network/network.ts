/**
 * A network that stands alone: one flat vector of parameters, one of batch-norm statistics, a forward
 * pass. What retraining, prediction, heat maps and export ask of any architecture, searched or designed
 * by hand.
 *
 * Images → feature maps → global average pooling → dropout → classifier. The last feature map and the
 * classifier are apart because class activation maps are made of the two (paper section VI).
 */
import type { NetworkLayout } from '../space/tensors.js';
import type { Tensor } from '../tensor/backend.js';
import { fromFloats } from '../tensor/scope.js';
import type { FeatureMap, Weights } from './blocks.js';
import type { ForwardPass } from './supernet.js';
import { classify } from './supernet.js';

/** Along one axis: feature i of the last map lies at voxel `offset + stride · i` of the scan. */
export interface AxisGrid {
  readonly stride: number;
  readonly offset: number;
}

export interface Network {
  /** Every tensor of it is used by every forward pass, parameters and statistics in this order. */
  readonly layout: NetworkLayout;
  /**
   * The last feature map of images (depth-major, one channel), `layout.classifier.inputs` channels wide;
   * of the current scope.
   */
  readonly features: (images: FeatureMap, pass: ForwardPass) => FeatureMap;
  /** Where the positions of that map lie in the scan. */
  readonly grid: { readonly depth: AxisGrid; readonly plane: AxisGrid };
}

/** A trained network's two flat vectors, in the order of its layout. */
export interface NetworkWeights {
  readonly parameters: Float32Array;
  /** Mean and variance of each batch norm, as used in evaluation. */
  readonly statistics: Float32Array;
}

/** Parameters as tensors of the current scope, in layout order, and the way to find them. Errors: RangeError. */
export function uploadNetwork(
  { layout }: Network,
  parameters: Float32Array,
): { readonly tensors: readonly Tensor[]; readonly weights: Weights } {
  if (parameters.length !== layout.parameterCount)
    throw new RangeError(
      `expected the ${layout.parameterCount} parameters of the network, got ${parameters.length}`,
    );
  const tensors = layout.parameters.map(({ offset, size, shape }) =>
    fromFloats(parameters.subarray(offset, offset + size), shape),
  );
  return {
    tensors,
    weights: (index) => {
      const tensor = tensors[index];
      if (tensor === undefined)
        throw new RangeError(`expected a tensor from 0 to ${tensors.length - 1}, got ${index}`);
      return tensor;
    },
  };
}

/** Logits `[batch, classes]`. A dropout mask is `[batch, classifier inputs]`. */
export function networkLogits(network: Network, images: FeatureMap, pass: ForwardPass): Tensor {
  return classify(network.features(images, pass), network.layout.classifier, pass);
}
