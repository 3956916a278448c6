/**
 * A step of the weights by the native kernels: the sum of the slots' gradients, SGD and Adam, each in one call.
 * The bits are those of `gradient/sum.ts` and `training/optimizer.ts`, on every processor.
 */
import { createRequire } from 'node:module';

/** Offset and size of each tensor of the flat vectors, one after the other. */
type Spans = Int32Array;

/** Functions of the addon, as native/step-addon.cc exports them. Errors: RangeError for sizes that do not fit. */
export interface StepKernels {
  /** Adds weight·values to the sum in the slot's tensors; the first slot that touches one sets and marks it. */
  addSlot(
    ...all: readonly [
      spans: Spans,
      tensors: Int32Array,
      values: Float32Array,
      weight: number,
      sum: Float32Array,
      touched: Uint8Array,
    ]
  ): void;
  /** Divides the marked tensors, each by its divisor. */
  divide(spans: Spans, touched: Uint8Array, divisors: Float64Array, sum: Float32Array): void;
  /** `rates`: learning rate, momentum, weight decay. */
  sgd(...all: Update): void;
  /** `rates`: weight decay, beta1, beta2, epsilon, then learning rate and scale of each tensor. */
  adam(...all: Update): void;
}

type Update = readonly [
  spans: Spans,
  touched: Uint8Array,
  gradient: Float32Array,
  rates: Float64Array,
  weights: Float32Array,
  state: Float32Array,
];

/** Loads the addon at `path`. Errors: those of loading it. */
export function loadStepKernels(path: string): StepKernels {
  return createRequire(import.meta.url)(path) as StepKernels;
}
