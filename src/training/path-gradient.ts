/**
 * One gradient slot: forward and backward of one path on one micro-batch (paper Eq. 2 and 3, one term).
 *
 * Everything in and out is host memory. Nothing of it depends on who computes it: the bits are a function
 * of the arguments and of the host's fingerprint.
 */
import { firstNonFinite } from '../gradient/chunks.js';
import type { Subnet } from '../network/supernet.js';
import { pathLogits, uploadPath } from '../network/supernet.js';
import { toFloats } from '../tensor/scope.js';
import type { LossOptions } from './backward.js';
import { backward } from './backward.js';
import type { Batch } from './batch.js';
import { checkLabels, lossTerms } from './loss.js';
import { checkImages, checkParameters } from './sizes.js';

export interface PathGradient {
  /** Mean over the batch. */
  readonly loss: number;
  /** Position in the vector of the first value that is not finite; -1 where all are. */
  readonly firstBad: number;
  /** Of the mean loss, in path order, `[path.parameterCount]`. A view into the vector. */
  readonly gradient: Float32Array;
  /** Mean and unbiased variance of each batch norm, in path order, `[path.statisticCount]`. A view too. */
  readonly statistics: Float32Array;
}

/**
 * Gradient and batch statistics of a path, into `vector` (at least `path.vectorLength` long, the caller's;
 * a new one where absent). A diverged slot is not an error: its vector has values that are not finite.
 * Errors: RangeError and ShapeError for arguments that do not fit.
 */
export function pathGradient(
  subnet: Subnet,
  batch: Batch,
  options: LossOptions = {},
  vector: Float32Array = new Float32Array(subnet.path.vectorLength),
): PathGradient {
  const { path } = subnet;
  const classes = path.classifier.outputs;
  checkLabels(batch.labels, batch.shape[0], classes);
  const gradient = vector.subarray(0, path.parameterCount);
  const statistics = vector.subarray(path.parameterCount, path.vectorLength);
  if (subnet.kernels != null) {
    checkParameters(subnet);
    checkImages(batch);
    const terms = lossTerms(batch.labels, classes, options.classWeights, options.labelSmoothing);
    const loss = { ...terms, mask: options.dropoutMask ?? null };
    return { ...subnet.kernels.gradient(subnet, batch, loss, vector), gradient, statistics };
  }
  return backward(batch, options, {
    headWidth: path.classifier.inputs,
    upload: () => uploadPath(subnet),
    logits: (images, pass) => pathLogits(subnet, images, pass),
    read: (loss, gradients, recorder) => {
      let end = 0;
      for (const tensor of gradients) {
        gradient.set(toFloats(tensor), end);
        end += tensor.size;
      }
      statistics.set(recorder.read(path.statisticCount));
      const firstBad = firstNonFinite(vector.subarray(0, path.vectorLength));
      return { loss, firstBad, gradient, statistics };
    },
  });
}
