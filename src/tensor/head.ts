/**
 * What follows the last convolution: global average pooling, dropout by a given mask, the fully
 * connected layer, cross-entropy, and the residual sum.
 */
import type { Attribute, Tensor } from './backend.js';
import { attributes, execute, executeMany } from './backend.js';
import { rawMatMul } from './conv3d.js';
import { reshape, sum, unfoldDepth } from './rows.js';
import { differentiable, fromFloats } from './scope.js';
import { expectShape, intVector } from './shapes.js';

let float: Attribute[] | undefined;
function floatOnly(): Attribute[] {
  float ??= attributes({ T: { type: 'float' } });
  return float;
}

function reduce(operation: 'Mean' | 'Sum', x: Tensor, axes: readonly number[]): Tensor {
  return execute(
    operation,
    attributes({ T: { type: 'float' }, Tidx: { type: 'int32' }, keep_dims: { flag: false } }),
    [x, intVector(axes)],
  );
}

/** x + y, equal shapes. */
export function add(x: Tensor, y: Tensor): Tensor {
  expectShape('add', y, x.shape);
  return differentiable([x, y], (left, right) => ({
    value: sum([left, right]),
    saved: [],
    gradient: (dy) => [dy, dy].map((each) => each.clone()),
  }));
}

/** x ∘ mask, equal shapes; no gradient to the mask. Dropout: the mask holds 0 and 1/keep. */
export function multiplyMask(x: Tensor, mask: Tensor): Tensor {
  expectShape('mask', mask, x.shape);
  return differentiable([x], (input) => ({
    value: execute('Mul', floatOnly(), [input, mask]),
    saved: [mask],
    gradient: (dy, [kept]) => [execute('Mul', floatOnly(), [dy, kept!])],
  }));
}

/** Mean over depth, height and width: depth-major `[depth·batch, h, w, channels]` → `[batch, channels]`. */
export function globalAveragePool(x: Tensor, depth: number): Tensor {
  const shape = unfoldDepth('globalAveragePool', x, depth);
  const [, batch, height, width, channels] = shape;
  const positions = depth * height * width;
  return differentiable([x], (input) => ({
    value: reduce('Mean', reshape(input, shape), [0, 2, 3]),
    saved: [],
    gradient: (dy) => {
      const share = execute('Mul', floatOnly(), [dy, fromFloats(Float32Array.of(1 / positions), [])]);
      const spread = execute('Tile', attributes({ T: { type: 'float' }, Tmultiples: { type: 'int32' } }), [
        reshape(share, [1, batch, 1, 1, channels]),
        intVector([depth, 1, height, width, 1]),
      ]);
      return [reshape(spread, x.shape)];
    },
  }));
}

/** `x` `[batch, inputs]` · `weight` `[inputs, outputs]` + `bias` `[outputs]`. */
export function dense(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  expectShape('dense', x, ['batch', 'inputs']);
  expectShape('dense', weight, [x.shape[1]!, 'outputs']);
  expectShape('dense', bias, [weight.shape[1]!]);
  return differentiable([x, weight, bias], (input, matrix, offset) => ({
    value: execute('BiasAdd', attributes({ T: { type: 'float' }, data_format: { text: 'NHWC' } }), [
      rawMatMul(input, matrix),
      offset,
    ]),
    saved: [input, matrix],
    gradient: (dy, [keptInput, keptMatrix]) => [
      rawMatMul(dy, keptMatrix!, false, true),
      rawMatMul(keptInput!, dy, true, false),
      reduce('Sum', dy, [0]),
    ],
  }));
}

/**
 * Σ over the batch of weight_n · cross-entropy(logits_n, target_n), a scalar. `logits` and `targets`
 * (a probability a class) `[batch, classes]`, `weights` `[batch]`; no gradient to targets and weights.
 */
export function softmaxCrossEntropy(logits: Tensor, targets: Tensor, weights: Tensor): Tensor {
  expectShape('softmaxCrossEntropy', logits, ['batch', 'classes']);
  expectShape('softmaxCrossEntropy', targets, logits.shape);
  const batch = logits.shape[0];
  expectShape('softmaxCrossEntropy', weights, [batch]);
  return differentiable([logits], (input) => {
    const [losses, probabilitiesMinusTargets] = executeMany(
      'SoftmaxCrossEntropyWithLogits',
      floatOnly(),
      [input, targets],
      2,
    ) as [Tensor, Tensor];
    return {
      value: reduce('Sum', execute('Mul', floatOnly(), [losses, weights]), [0]),
      saved: [probabilitiesMinusTargets, weights],
      gradient: (dy, [kept, keptWeights]) => [
        execute('Mul', floatOnly(), [
          execute('Mul', floatOnly(), [kept!, reshape(keptWeights!, [batch, 1])]),
          dy,
        ]),
      ],
    };
  });
}
