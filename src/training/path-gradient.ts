/**
 * One gradient slot: forward and backward of one path on one micro-batch (paper Eq. 2 and 3, one term).
 *
 * Everything in and out is host memory. Nothing of it depends on who computes it: the bits are a function
 * of the arguments and of the host's fingerprint.
 */
import type { SuperNet } from '../network/supernet.js';
import { pathLogits, uploadPath } from '../network/supernet.js';
import { BatchStatisticsRecorder } from '../network/normalise.js';
import type { Genome } from '../space/genome.js';
import { pathLayout } from '../space/layout.js';
import type { Tensor } from '../tensor/backend.js';
import { uploadVolumes } from '../tensor/rows.js';
import { fromFloats, inScope, keep, toFloats, valueAndGradients } from '../tensor/scope.js';
import { checkLabels, meanCrossEntropy, predictedClasses } from './loss.js';

/** `[batch, depth, height, width]`. */
export type ImageShape = readonly [number, number, number, number];

export interface TrainingBatch {
  /** Normalised intensities, row-major, one channel. */
  readonly images: Float32Array;
  readonly shape: ImageShape;
  /** `[batch]`, from 0 to classes - 1. */
  readonly labels: Int32Array;
  /** `[batch, head]` of 0 and 1/keep; no dropout where absent. */
  readonly dropoutMask?: Float32Array;
  /** `[classes]`; 1 each where absent. */
  readonly classWeights?: Float32Array;
}

export interface PathGradient {
  /** Mean over the batch. */
  readonly loss: number;
  /** Samples whose largest logit is their label, with dropout as trained. */
  readonly correct: number;
  /** Of the mean loss, in path order, `[path.parameterCount]`. */
  readonly gradient: Float32Array;
  /** Mean and unbiased variance of each batch norm, in path order, `[path.statisticCount]`. */
  readonly statistics: Float32Array;
  /** False if the loss, a gradient or a statistic is NaN or infinite: the slot has diverged. */
  readonly finite: boolean;
}

function allFinite(values: Float32Array): boolean {
  // 0 · x is NaN exactly for NaN and infinities: no branch in the loop.
  let probe = 0;
  for (let i = 0; i < values.length; i++) probe += values[i]! * 0;
  return probe === 0;
}

/**
 * Loss, gradient and batch statistics of a path. `parameters` is the SuperNet's whole flat vector, shared
 * memory included; it is only read. Errors: RangeError and ShapeError for arguments that do not fit;
 * a diverged slot is not an error but `finite: false`.
 */
export function pathGradient(
  net: SuperNet,
  genome: Genome,
  parameters: Float32Array,
  batch: TrainingBatch,
): PathGradient {
  const path = pathLayout(net.layout, net.space, genome);
  const [samples, depth] = batch.shape;
  const { inputs: headWidth, outputs: classes } = net.layout.classifier;
  checkLabels(batch.labels, samples, classes);
  const recorder = new BatchStatisticsRecorder();
  try {
    return inScope(() => {
      const { tensors, weights } = uploadPath(net, path, parameters);
      const images = { values: uploadVolumes(batch.images, batch.shape), depth };
      const mask =
        batch.dropoutMask === undefined ? undefined : fromFloats(batch.dropoutMask, [samples, headWidth]);
      let logits: Tensor | undefined;
      const { value, gradients } = valueAndGradients(() => {
        logits = keep(pathLogits(net, genome, weights, recorder.normalise, images, mask));
        return meanCrossEntropy(logits, batch.labels, batch.classWeights);
      }, tensors);
      const loss = toFloats(value)[0]!;
      const predicted = predictedClasses(toFloats(logits!), classes);
      logits!.dispose();
      const gradient = new Float32Array(path.parameterCount);
      let end = 0;
      for (const tensor of gradients) {
        gradient.set(toFloats(tensor), end);
        end += tensor.size;
      }
      const statistics = recorder.read(path.statisticCount);
      return {
        loss,
        correct: predicted.reduce(
          (count, label, sample) => count + (label === batch.labels[sample] ? 1 : 0),
          0,
        ),
        gradient,
        statistics,
        finite: Number.isFinite(loss) && allFinite(gradient) && allFinite(statistics),
      };
    });
  } finally {
    recorder.dispose();
  }
}
