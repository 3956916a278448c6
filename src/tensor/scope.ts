/**
 * Lifetimes and gradients: scopes that free what they made, values in and out, reverse mode.
 */
import type { Tensor } from './backend.js';
import { tensorflow } from './backend.js';

/** A tensor of the current scope that holds a copy of `values` in the given shape. */
export function fromFloats(values: Float32Array, shape: readonly number[]): Tensor {
  // tfjs keeps the array until the first operation and TensorFlow cannot read shared memory: copy.
  return tensorflow().tensor(values.slice(), [...shape], 'float32');
}

/** The values of a float32 tensor, row-major; a new array of the caller. */
export function toFloats(tensor: Tensor): Float32Array {
  return tensor.dataSync<'float32'>();
}

/** Runs `work`; frees every tensor made in it. Values leave it as numbers and arrays, not as tensors. */
export function inScope<T>(work: () => T): T {
  const engine = tensorflow().engine();
  engine.startScope();
  try {
    return work();
  } finally {
    engine.endScope();
  }
}

/** Tensors that exist now, cached shape vectors included: equal before and after a step without a leak. */
export function liveTensors(): number {
  return tensorflow().memory().numTensors;
}

/** What an operation with its own gradient returns from its forward pass. */
export interface Differentiable {
  readonly value: Tensor;
  /** Tensors the gradient needs; kept until the gradients are computed. */
  readonly saved: readonly Tensor[];
  /** dL/dvalue and the saved tensors → dL/dinput for each input, in order. */
  readonly gradient: (dy: Tensor, saved: readonly Tensor[]) => Tensor[];
}

/** Whether gradients are being recorded; without, an operation is its forward pass alone. */
let recording = false;

/**
 * Runs an operation whose gradient is ours. Whatever it makes besides `value` and `saved` is freed at once.
 */
export function differentiable(
  inputs: readonly Tensor[],
  forward: (...inputs: Tensor[]) => Differentiable,
): Tensor {
  if (!recording) return freeingIntermediates(() => forward(...inputs).value);
  const operation = tensorflow().customGrad((...all) => {
    const save = all.pop() as unknown as (tensors: Tensor[]) => void;
    const { value, saved, gradient } = forward(...(all as Tensor[]));
    save([...saved]);
    return { value, gradFunc: (dy: Tensor, kept: Tensor[]) => gradient(dy, kept) };
  });
  return operation(...inputs);
}

/**
 * Value of a scalar function and its gradients with respect to `inputs`, all in the current scope.
 * Every input must be used by `work`.
 */
export function valueAndGradients(
  work: () => Tensor,
  inputs: readonly Tensor[],
): { readonly value: Tensor; readonly gradients: readonly Tensor[] } {
  const outer = recording;
  recording = true;
  try {
    const { value, grads } = tensorflow()
      .engine()
      .gradients(() => work() as never, [...inputs]);
    return { value: value as Tensor, gradients: grads };
  } finally {
    recording = outer;
  }
}

/** Runs `work`; frees what it made except its result, which moves to the scope around it. */
export function freeingIntermediates(work: () => Tensor): Tensor {
  return tensorflow().tidy(work);
}

/** Takes a tensor out of its scope; the caller must `dispose` of it. */
export function keep(tensor: Tensor): Tensor {
  return tensorflow().keep(tensor);
}
