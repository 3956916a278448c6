/** Forward and backward of one micro-batch by TensorFlow: what a path and a network that stands alone share. */
import { BatchStatisticsRecorder } from '../network/batch-statistics.js';
import type { FeatureMap } from '../network/blocks.js';
import type { ForwardPass } from '../network/supernet.js';
import { uploadVolumes } from '../tensor/rows.js';
import type { Tensor } from '../tensor/backend.js';
import { fromFloats, inScope, toFloats, valueAndGradients } from '../tensor/scope.js';
import type { Batch } from './batch.js';
import { meanCrossEntropy } from './loss.js';

/** What the loss of a batch is made with besides the batch. */
export interface LossOptions {
  /** `[batch, head]` of 0 and 1/keep; no dropout where absent. */
  readonly dropoutMask?: Float32Array;
  /** `[classes]`; 1 each where absent. */
  readonly classWeights?: Float32Array;
  /** 0…1, 0 where absent: see `meanCrossEntropy`. */
  readonly labelSmoothing?: number;
}

interface Differentiable<Result> {
  /** Inputs of the classifier. */
  readonly headWidth: number;
  /** The parameters as tensors of the current scope. */
  readonly upload: () => Pick<ForwardPass, 'weights'> & { readonly tensors: readonly Tensor[] };
  readonly logits: (images: FeatureMap, pass: ForwardPass) => Tensor;
  /** Brings what is wanted to host memory; `gradients` in the order of `tensors`. */
  readonly read: (loss: number, gradients: readonly Tensor[], statistics: BatchStatisticsRecorder) => Result;
}

/** Labels are checked by the caller. Nothing on the device outlives the call. Errors: RangeError, ShapeError. */
export function backward<Result>(
  batch: Batch,
  { dropoutMask, classWeights, labelSmoothing }: LossOptions,
  { headWidth, upload, logits, read }: Differentiable<Result>,
): Result {
  const [samples, depth] = batch.shape;
  const recorder = new BatchStatisticsRecorder();
  try {
    return inScope(() => {
      const { tensors, weights } = upload();
      const images = { values: uploadVolumes(batch.images, batch.shape), depth };
      const mask = dropoutMask === undefined ? null : fromFloats(dropoutMask, [samples, headWidth]);
      const pass = { weights, normalise: recorder.normalise, dropoutMask: mask };
      const { value, gradients } = valueAndGradients(
        () => meanCrossEntropy(logits(images, pass), batch.labels, classWeights, labelSmoothing),
        tensors,
      );
      return read(toFloats(value)[0]!, gradients, recorder);
    });
  } finally {
    recorder.dispose();
  }
}
