/**
 * Feature maps side by side along their channels.
 */
import type { Tensor } from './backend.js';
import { attributes, execute } from './backend.js';
import { sliceCorner } from './rows.js';
import { differentiable } from './scope.js';
import { expectShape, intVector } from './shapes.js';

/** The forward kernel alone: channels of the parts one after the other; rank 4. */
export function rawConcatenate(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0]!;
  return execute(
    'ConcatV2',
    attributes({ N: { integer: parts.length }, T: { type: 'float' }, Tidx: { type: 'int32' } }),
    [...parts, intVector([3], [])],
  );
}

/** `x` `[rows, height, width, c1]` and `y` `[rows, height, width, c2]` as `[rows, height, width, c1 + c2]`. */
export function concatenate(x: Tensor, y: Tensor): Tensor {
  expectShape('concatenate', x, ['rows', 'height', 'width', 'channels']);
  const place = x.shape.slice(0, 3);
  expectShape('concatenate', y, [...place, 'channels']);
  const [first, second] = [x.shape[3]!, y.shape[3]!];
  return differentiable([x, y], (left, right) => ({
    value: rawConcatenate([left, right]),
    saved: [],
    gradient: (dy) => [
      sliceCorner(dy, [0, 0, 0, 0], [...place, first]),
      sliceCorner(dy, [0, 0, 0, first], [...place, second]),
    ],
  }));
}
