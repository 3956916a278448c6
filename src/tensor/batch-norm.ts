/**
 * Batch normalisation over all positions of a channel, with ReLU or ReLU6 behind it where asked.
 *
 * TensorFlow's fused kernels (`FusedBatchNormV3`, `FusedBatchNormGradV3`): several times faster than the
 * formula composed of elementwise operations. They reduce over the first three axes, which in the
 * depth-major layout are depth and batch, height, width: exactly the statistics of a 3-D batch norm.
 *
 * Two variances, PyTorch's convention: the batch is normalised with the biased variance (divided by n);
 * the variance that is returned for the running statistics is the unbiased one (divided by n - 1,
 * Bessel), or the biased one where n = 1.
 */
import type { Attribute, Tensor } from './backend.js';
import { attributes, executeMany } from './backend.js';
import { rawRelu, rawReluGradient } from './relu.js';
import { rawRelu6, rawRelu6Gradient } from './relu6.js';
import { differentiable, fromFloats } from './scope.js';
import { expectShape } from './shapes.js';

/** Added to the variance before the square root, where nothing else is said (the authors' code: 1e-3). */
export const BATCH_NORM_EPSILON = 1e-3;

export type Activation = 'relu' | 'relu6' | 'none';

export interface BatchNormOptions {
  readonly activation: Activation;
  /** Default: BATCH_NORM_EPSILON. */
  readonly epsilon?: number;
}

/** Each activation and its gradient from (dy, y). */
const ACTIVATIONS = {
  relu: { forward: rawRelu, gradient: rawReluGradient },
  relu6: { forward: rawRelu6, gradient: rawRelu6Gradient },
  none: null,
} as const;

const OUTPUTS = 6;
const GRADIENT_OUTPUTS = 5;
const kernelAttributes = new Map<string, Attribute[]>();

function fused(training: boolean, epsilon = BATCH_NORM_EPSILON): Attribute[] {
  const key = `${training} ${epsilon}`;
  let made = kernelAttributes.get(key);
  if (made === undefined) {
    made = attributes({
      T: { type: 'float' },
      U: { type: 'float' },
      epsilon: { float: epsilon },
      data_format: { text: 'NHWC' },
      is_training: { flag: training },
    });
    kernelAttributes.set(key, made);
  }
  return made;
}

function checkShapes(x: Tensor, channelTensors: readonly Tensor[]): void {
  expectShape('batch norm', x, ['rows', 'height', 'width', 'channels']);
  for (const tensor of channelTensors) expectShape('batch norm', tensor, [x.shape[3]!]);
}

export interface BatchStatistics {
  /** [channels]. */
  readonly mean: Tensor;
  /** [channels], unbiased. */
  readonly variance: Tensor;
}

/**
 * Training form: `x` `[rows, height, width, channels]` normalised by its own statistics, then
 * `gamma·x + beta`, then the activation. Gradients flow to x, gamma and beta, through the statistics too.
 * The statistics belong to the scope the caller is in.
 */
export function batchNormTraining(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { activation, epsilon }: BatchNormOptions,
): { readonly value: Tensor } & BatchStatistics {
  checkShapes(x, [gamma, beta]);
  const after = ACTIVATIONS[activation];
  const none = fromFloats(new Float32Array(0), [0]);
  // Run outside the differentiated function: its scope would free the statistics.
  const [normalised, mean, variance, reserve1, reserve2, reserve3] = executeMany(
    'FusedBatchNormV3',
    fused(true, epsilon),
    [x, gamma, beta, none, none],
    OUTPUTS,
  ) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  none.dispose();
  const value = differentiable([x, gamma, beta], (input, scale) => {
    const result = after === null ? normalised : after.forward(normalised);
    const saved = [input, scale, reserve1, reserve2, reserve3, ...(after === null ? [] : [result])];
    return {
      value: result,
      saved,
      gradient: (dy, [keptInput, keptScale, kept1, kept2, kept3, output]) => {
        const upstream = after === null ? dy : after.gradient(dy, output!);
        const [dx, dGamma, dBeta, unused1, unused2] = executeMany(
          'FusedBatchNormGradV3',
          fused(true, epsilon),
          [upstream, keptInput!, keptScale!, kept1!, kept2!, kept3!],
          GRADIENT_OUTPUTS,
        ) as [Tensor, Tensor, Tensor, Tensor, Tensor];
        unused1.dispose();
        unused2.dispose();
        return [dx, dGamma, dBeta];
      },
    };
  });
  if (after !== null) normalised.dispose();
  for (const reserve of [reserve1, reserve2, reserve3]) reserve.dispose();
  return { value, mean, variance };
}

/** Evaluation form: fixed statistics, so a row's result depends on that row alone. Not differentiable. */
export function batchNormFixed(
  x: Tensor,
  { gamma, beta, mean, variance }: BatchStatistics & { readonly gamma: Tensor; readonly beta: Tensor },
  { activation, epsilon }: BatchNormOptions,
): Tensor {
  checkShapes(x, [gamma, beta, mean, variance]);
  const [normalised, ...rest] = executeMany(
    'FusedBatchNormV3',
    fused(false, epsilon),
    [x, gamma, beta, mean, variance],
    OUTPUTS,
  ) as [Tensor, ...Tensor[]];
  for (const unused of rest) unused.dispose();
  const after = ACTIVATIONS[activation];
  if (after === null) return normalised;
  const value = after.forward(normalised);
  normalised.dispose();
  return value;
}
