/**
 * One gradient slot: forward and backward of one path on one micro-batch (paper Eq. 2 and 3, one term).
 *
 * Everything in and out is host memory. Nothing of it depends on who computes it: the bits are a function
 * of the arguments and of the host's fingerprint.
 */
import { firstNonFinite } from '../gradient/chunks.js';
import { BatchStatisticsRecorder } from '../network/batch-statistics.js';
import type { Subnet } from '../network/supernet.js';
import { pathLogits, uploadPath } from '../network/supernet.js';
import { uploadVolumes } from '../tensor/rows.js';
import { fromFloats, inScope, toFloats, valueAndGradients } from '../tensor/scope.js';
import type { Batch } from './batch.js';
import { checkLabels, lossTerms, meanCrossEntropy } from './loss.js';
import { checkImages, checkParameters } from './sizes.js';

/** What the loss of a batch is made with besides the batch. */
export interface LossOptions {
  /** `[batch, head]` of 0 and 1/keep; no dropout where absent. */
  readonly dropoutMask?: Float32Array;
  /** `[classes]`; 1 each where absent. */
  readonly classWeights?: Float32Array;
  /** 0…1, 0 where absent: see `meanCrossEntropy`. */
  readonly labelSmoothing?: number;
}

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
  { dropoutMask, classWeights, labelSmoothing }: LossOptions = {},
  vector: Float32Array = new Float32Array(subnet.path.vectorLength),
): PathGradient {
  const { path } = subnet;
  const [samples, depth] = batch.shape;
  const { inputs: headWidth, outputs: classes } = path.classifier;
  checkLabels(batch.labels, samples, classes);
  const gradient = vector.subarray(0, path.parameterCount);
  const statistics = vector.subarray(path.parameterCount, path.vectorLength);
  if (subnet.kernels != null) {
    checkParameters(subnet);
    checkImages(batch);
    const terms = lossTerms(batch.labels, classes, classWeights, labelSmoothing);
    const loss = { ...terms, mask: dropoutMask ?? null };
    return { ...subnet.kernels.gradient(subnet, batch, loss, vector), gradient, statistics };
  }
  const recorder = new BatchStatisticsRecorder();
  try {
    return inScope(() => {
      const { tensors, weights } = uploadPath(subnet);
      const images = { values: uploadVolumes(batch.images, batch.shape), depth };
      const mask = dropoutMask === undefined ? null : fromFloats(dropoutMask, [samples, headWidth]);
      const pass = { weights, normalise: recorder.normalise, dropoutMask: mask };
      const { value, gradients } = valueAndGradients(
        () => meanCrossEntropy(pathLogits(subnet, images, pass), batch.labels, classWeights, labelSmoothing),
        tensors,
      );
      let end = 0;
      for (const tensor of gradients) {
        gradient.set(toFloats(tensor), end);
        end += tensor.size;
      }
      statistics.set(recorder.read(path.statisticCount));
      const firstBad = firstNonFinite(vector.subarray(0, path.vectorLength));
      return { loss: toFloats(value)[0]!, firstBad, gradient, statistics };
    });
  } finally {
    recorder.dispose();
  }
}
