/**
 * Optimisers over flat host vectors: SGD with momentum, and Adam (Kingma & Ba 2015, Alg. 1).
 *
 * They run on fp32 storage and double arithmetic, in the same order on every replica, so that replicas stay
 * equal bit for bit whatever device computed the gradients: here in JavaScript, or with the same bits and
 * several times quicker by the native kernels (`step-arithmetic.ts`). A tensor
 * that no slot touched does not move: no momentum, no decay; Adam counts its steps per tensor.
 */
import type { TensorSpan } from '../gradient/sum.js';

export const optimizerKinds = ['sgd', 'adam'] as const;
export type OptimizerKind = (typeof optimizerKinds)[number];

export interface OptimizerOptions {
  readonly kind: OptimizerKind;
  /** Decay of the moving average of the weights that is evaluated in their place; 0: none. */
  readonly weightAverage: number;
  readonly learningRate: number;
  /** SGD: fraction of the last velocity kept, 0…1. */
  readonly momentum: number;
  /** L2 term added to the gradient of touched tensors. */
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Floats of optimiser state for `parameters` weights in `tensors` tensors. */
export function optimizerFloats(kind: OptimizerKind, parameters: number, tensors: number): number {
  return kind === 'sgd' ? parameters : 2 * parameters + ADAM_FLOATS * tensors;
}

/** Adam keeps beta1^t and beta2^t of each tensor as doubles (two floats each): `pow` has unspecified bits. */
const ADAM_FLOATS = 4;

/** The gradient of a step: flat, valid on the tensors that `touched` marks with 1. */
export interface StepGradient {
  readonly tensors: readonly TensorSpan[];
  readonly touched: Uint8Array;
  readonly values: Float32Array;
}

/**
 * Moves `weights` by one step. `state`: as long as `optimizerFloats`
 * says, zero at the beginning; both are changed in place and owned by the caller.
 */
export function optimizerStep(
  options: OptimizerOptions,
  gradient: StepGradient,
  weights: Float32Array,
  state: Float32Array,
): void {
  if (options.kind === 'sgd') sgdStep(options, gradient, weights, state);
  else adamStep(options, gradient, weights, state);
}

function sgdStep(
  options: OptimizerOptions,
  { tensors, touched, values }: StepGradient,
  weights: Float32Array,
  velocity: Float32Array,
): void {
  const { learningRate, momentum, weightDecay } = options;
  for (let tensor = 0; tensor < tensors.length; tensor++) {
    if (touched[tensor] === 0) continue;
    const { offset, size } = tensors[tensor]!;
    for (let i = offset; i < offset + size; i++) {
      const moved = Math.fround(momentum * velocity[i]! + values[i]! + weightDecay * weights[i]!);
      velocity[i] = moved;
      weights[i] = weights[i]! - learningRate * moved;
    }
  }
}

function adamStep(
  options: OptimizerOptions,
  { tensors, touched, values }: StepGradient,
  weights: Float32Array,
  state: Float32Array,
): void {
  const { weightDecay, beta1, beta2, epsilon } = options;
  const first = state.subarray(0, weights.length);
  const second = state.subarray(weights.length, 2 * weights.length);
  const rates = adamRates(options, touched, state, weights.length);
  for (let tensor = 0; tensor < tensors.length; tensor++) {
    if (touched[tensor] === 0) continue;
    const rate = rates[2 * tensor]!;
    const scale = rates[2 * tensor + 1]!;
    const { offset, size } = tensors[tensor]!;
    for (let i = offset; i < offset + size; i++) {
      const g = values[i]! + weightDecay * weights[i]!;
      const m = beta1 * first[i]! + (1 - beta1) * g;
      const v = beta2 * second[i]! + (1 - beta2) * g * g;
      first[i] = m;
      second[i] = v;
      weights[i] = weights[i]! - (rate * m) / (Math.sqrt(v * scale) + epsilon);
    }
  }
}

/**
 * Counts one step more for the touched tensors in Adam's state of `parameters` weights. Returns for each tensor the
 * learning rate and the scale of the second moment, both corrected for the steps it had.
 */
export function adamRates(
  { learningRate, beta1, beta2 }: OptimizerOptions,
  touched: Uint8Array,
  state: Float32Array,
  parameters: number,
): Float64Array {
  const rates = new Float64Array(2 * touched.length);
  const powers = new DataView(
    state.buffer,
    state.byteOffset + 8 * parameters,
    4 * ADAM_FLOATS * touched.length,
  );
  for (let tensor = 0; tensor < touched.length; tensor++) {
    if (touched[tensor] === 0) continue;
    const power1 = nextPower(powers.getFloat64(16 * tensor, true), beta1);
    const power2 = nextPower(powers.getFloat64(16 * tensor + 8, true), beta2);
    powers.setFloat64(16 * tensor, power1, true);
    powers.setFloat64(16 * tensor + 8, power2, true);
    rates[2 * tensor] = learningRate / (1 - power1);
    rates[2 * tensor + 1] = 1 / (1 - power2);
  }
  return rates;
}

/** Zero means no step yet; the floor keeps a long run's power from underflowing to that zero. */
function nextPower(power: number, beta: number): number {
  return Math.max((power === 0 ? 1 : power) * beta, 1e-300);
}
