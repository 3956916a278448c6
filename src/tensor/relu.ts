/**
 * ReLU: max(x, 0), with TensorFlow's own gradient kernel.
 */
import type { Attribute, Tensor } from './backend.js';
import { attributes, execute } from './backend.js';
import { differentiable } from './scope.js';

let typed: Attribute[] | undefined;

/** The forward kernel alone, outside any gradient. */
export function rawRelu(x: Tensor): Tensor {
  typed ??= attributes({ T: { type: 'float' } });
  return execute('Relu', typed, [x]);
}

/** dL/dx from dL/dy. The output y serves as well as the input: both are above 0 at the same places. */
export function rawReluGradient(dy: Tensor, y: Tensor): Tensor {
  typed ??= attributes({ T: { type: 'float' } });
  return execute('ReluGrad', typed, [dy, y]);
}

/** Elementwise, any shape. The gradient at exactly 0 is 0. */
export function relu(x: Tensor): Tensor {
  return differentiable([x], (input) => {
    const value = rawRelu(input);
    return { value, saved: [value], gradient: (dy, [y]) => [rawReluGradient(dy, y!)] };
  });
}
