/**
 * Forward and backward of a network that stands alone, on one micro-batch, and its logits on scans.
 * Everything in and out is host memory; the bits are a function of the arguments and the host.
 */
import type { Network, NetworkWeights } from '../network/network.js';
import { networkLogits, uploadNetwork } from '../network/network.js';
import { fixedStatistics } from '../network/batch-statistics.js';
import { uploadVolumes } from '../tensor/rows.js';
import { inScope, toFloats } from '../tensor/scope.js';
import type { Batch, ImageBatch } from './batch.js';
import type { LossOptions } from './backward.js';
import { backward } from './backward.js';
import { checkLabels } from './loss.js';

export interface NetworkGradient {
  /** Mean over the batch. */
  readonly loss: number;
  /** Of the mean loss, `[layout.parameterCount]`. */
  readonly gradient: Float32Array;
  /** Mean and unbiased variance of each batch norm, `[layout.statisticCount]`. */
  readonly statistics: Float32Array;
}

/**
 * Loss, gradient and batch statistics. `parameters` `[layout.parameterCount]`, shared memory included, is
 * only read. A diverged loss is a NaN in the result, not an error. Errors: RangeError, ShapeError.
 */
export function networkGradient(
  network: Network,
  parameters: Float32Array,
  batch: Batch,
  options: LossOptions = {},
): NetworkGradient {
  const { layout } = network;
  checkLabels(batch.labels, batch.shape[0], layout.classifier.outputs);
  return backward(batch, options, {
    headWidth: layout.classifier.inputs,
    upload: () => uploadNetwork(network, parameters),
    logits: (images, pass) => networkLogits(network, images, pass),
    read: (loss, gradients, statistics) => {
      const gradient = new Float32Array(layout.parameterCount);
      gradients.forEach((tensor, index) => gradient.set(toFloats(tensor), layout.parameters[index]!.offset));
      return { loss, gradient, statistics: statistics.read(layout.statisticCount) };
    },
  });
}

/**
 * Logits `[scans, classes]` with fixed statistics, one scan at a time, so that no scan's prediction
 * depends on another by a bit; a new array of the caller.
 */
export function networkPredictions(
  network: Network,
  { parameters, statistics }: NetworkWeights,
  { images, shape }: ImageBatch,
): Float32Array {
  const [scans, ...scan] = shape;
  const floats = scan.reduce((product, extent) => product * extent, 1);
  if (images.length !== scans * floats)
    throw new RangeError(
      `expected ${scans * floats} values for images [${scans}, ${scan.join(', ')}], got ${images.length}`,
    );
  const classes = network.layout.classifier.outputs;
  const logits = new Float32Array(scans * classes);
  const all = network.layout.statistics.map((_, index) => index);
  inScope(() => {
    const pass = {
      weights: uploadNetwork(network, parameters).weights,
      normalise: fixedStatistics(network.layout, all, statistics),
    };
    for (let row = 0; row < scans; row++) {
      inScope(() => {
        const values = uploadVolumes(images.subarray(row * floats, (row + 1) * floats), [1, ...scan]);
        logits.set(toFloats(networkLogits(network, { values, depth: scan[0] }, pass)), row * classes);
      });
    }
  });
  return logits;
}

/**
 * The last feature map of one scan, `[depth][height][width][channels]` of the map, with fixed statistics:
 * what a class activation map is made of. `image` `[depth][height][width]` in `shape`.
 */
export function networkFeatures(
  network: Network,
  { parameters, statistics }: NetworkWeights,
  image: Float32Array,
  shape: readonly [depth: number, height: number, width: number],
): {
  readonly shape: readonly [depth: number, height: number, width: number, channels: number];
  readonly values: Float32Array;
} {
  const all = network.layout.statistics.map((_, index) => index);
  return inScope(() => {
    const { values, depth } = network.features(
      { values: uploadVolumes(image, [1, ...shape]), depth: shape[0] },
      {
        weights: uploadNetwork(network, parameters).weights,
        normalise: fixedStatistics(network.layout, all, statistics),
      },
    );
    const [, height, width, channels] = values.shape as [number, number, number, number];
    return { shape: [depth, height, width, channels], values: toFloats(values) };
  });
}
