/**
 * ReLU6: min(max(x, 0), 6), with TensorFlow's own gradient kernel.
 */
import type { Attribute, Tensor } from './backend.js';
import { attributes, execute } from './backend.js';
import { differentiable } from './scope.js';

let typed: Attribute[] | undefined;

/** The forward kernel alone, outside any gradient. */
export function rawRelu6(x: Tensor): Tensor {
  typed ??= attributes({ T: { type: 'float' } });
  return execute('Relu6', typed, [x]);
}

/** dL/dx from dL/dy. The output y serves as well as the input: both are in (0, 6) at the same places. */
export function rawRelu6Gradient(dy: Tensor, y: Tensor): Tensor {
  typed ??= attributes({ T: { type: 'float' } });
  return execute('Relu6Grad', typed, [dy, y]);
}

/** Elementwise, any shape. The gradient at exactly 0 and 6 is 0. */
export function relu6(x: Tensor): Tensor {
  return differentiable([x], (input) => {
    const value = rawRelu6(input);
    return { value, saved: [value], gradient: (dy, [y]) => [rawRelu6Gradient(dy, y!)] };
  });
}
