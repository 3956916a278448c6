/**
 * What a step of the weights is computed by: the native kernels, or JavaScript where there are none. Both give the
 * same bits, so replicas of either kind stay equal.
 */
import type { Divide, SlotGradient, TensorSpan } from '../gradient/sum.js';
import { divisorsOf, sumSlots } from '../gradient/sum.js';
import type { StepKernels } from '../kernels/step-kernels.js';
import { loadStepKernels } from '../kernels/step-kernels.js';
import type { OptimizerOptions } from './optimizer.js';
import { adamRates, optimizerStep } from './optimizer.js';

/** A step's gradient, flat, valid in the tensors that are marked with 1. */
export interface TouchedGradient {
  readonly touched: Uint8Array;
  readonly values: Float32Array;
}

export interface StepArithmetic {
  /** As `sumSlots`. Errors: RangeError for a slot of another length. */
  sum(slots: readonly SlotGradient[], sum: Float32Array, divide: Divide): Uint8Array;
  /** As `optimizerStep`. */
  move(
    options: OptimizerOptions,
    gradient: TouchedGradient,
    weights: Float32Array,
    state: Float32Array,
  ): void;
}

/** For vectors of these tensors. `addon`: path of the native kernels; null: JavaScript. */
export function stepArithmetic(tensors: readonly TensorSpan[], addon: string | null): StepArithmetic {
  return addon === null ? inJavaScript(tensors) : new NativeStep(tensors, loadStepKernels(addon));
}

function inJavaScript(tensors: readonly TensorSpan[]): StepArithmetic {
  return {
    sum: (slots, sum, divide) => sumSlots(tensors, slots, sum, divide),
    move: (options, gradient, weights, state) =>
      optimizerStep(options, { ...gradient, tensors }, weights, state),
  };
}

class NativeStep implements StepArithmetic {
  private readonly spans: Int32Array;

  constructor(
    private readonly tensors: readonly TensorSpan[],
    private readonly kernels: StepKernels,
  ) {
    this.spans = Int32Array.from(tensors.flatMap(({ offset, size }) => [offset, size]));
  }

  sum(slots: readonly SlotGradient[], sum: Float32Array, divide: Divide): Uint8Array {
    const touched = new Uint8Array(this.tensors.length);
    for (const { tensors, values, weight } of slots)
      if (weight > 0)
        this.kernels.addSlot(this.spans, Int32Array.from(tensors), values, weight, sum, touched);
    this.kernels.divide(this.spans, touched, divisorsOf(this.tensors.length, slots, divide), sum);
    return touched;
  }

  move(
    options: OptimizerOptions,
    { touched, values }: TouchedGradient,
    weights: Float32Array,
    state: Float32Array,
  ): void {
    const { learningRate, momentum, weightDecay, beta1, beta2, epsilon } = options;
    if (options.kind === 'sgd') {
      const rates = Float64Array.of(learningRate, momentum, weightDecay);
      this.kernels.sgd(this.spans, touched, values, rates, weights, state);
      return;
    }
    const corrected = adamRates(options, touched, state, weights.length);
    const rates = new Float64Array(4 + corrected.length);
    rates.set([weightDecay, beta1, beta2, epsilon]);
    rates.set(corrected, 4);
    this.kernels.adam(this.spans, touched, values, rates, weights, state.subarray(0, 2 * weights.length));
  }
}
