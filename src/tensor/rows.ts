/**
 * Depth-major volumes: how this project holds 3-D feature maps, and moving along their depth.
 *
 * A batch of volumes is one tensor `[depth·batch, height, width, channels]`: row d·batch + n is slice d
 * of scan n. All slices at a depth, of all scans, are one contiguous run of rows. So a tap of a 3-D
 * kernel along the depth is a run of rows, which TensorFlow hands out without copying, and every
 * 2-D kernel of TensorFlow applies as it is. Channels last.
 */
import type { Attribute, Tensor } from './backend.js';
import { attributes, execute } from './backend.js';
import { fromFloats } from './scope.js';
import { batchOf, expectShape, intVector } from './shapes.js';

/**
 * Scans `[batch, depth, height, width]` (one channel, row-major) as a depth-major tensor of the current
 * scope.
 */
export function uploadVolumes(
  images: Float32Array,
  [batch, depth, height, width]: readonly [number, number, number, number],
): Tensor {
  const slice = height * width;
  if (images.length !== batch * depth * slice)
    throw new RangeError(
      `expected ${batch * depth * slice} values for images [${batch}, ${depth}, ${height}, ${width}], ` +
        `got ${images.length}`,
    );
  const rows = new Float32Array(images.length);
  for (let scan = 0; scan < batch; scan++) {
    for (let plane = 0; plane < depth; plane++) {
      const from = (scan * depth + plane) * slice;
      rows.set(images.subarray(from, from + slice), (plane * batch + scan) * slice);
    }
  }
  return fromFloats(rows, [depth * batch, height, width, 1]);
}

let sliceAttributes: Attribute[] | undefined;
let padAttributes: Attribute[] | undefined;
let stridedAttributes: Attribute[] | undefined;
let reshapeAttributes: Attribute[] | undefined;

/** Rows `from` … `from + count - 1` of a rank-4 tensor; shares memory with it where alignment allows. */
export function sliceRows(x: Tensor, from: number, count: number): Tensor {
  if (from === 0 && count === x.shape[0]) return x;
  return sliceCorner(x, [from, 0, 0, 0], [count, ...x.shape.slice(1)]);
}

/** The box of the given `size` that starts at `begin`. */
export function sliceCorner(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor {
  sliceAttributes ??= attributes({ T: { type: 'float' }, Index: { type: 'int32' } });
  return execute('Slice', sliceAttributes, [x, intVector(begin), intVector(size)]);
}

/** Zeros around a tensor: `before` and `after` count them on each axis. */
export function padZeros(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  padAttributes ??= attributes({ T: { type: 'float' }, Tpaddings: { type: 'int32' } });
  return execute('Pad', padAttributes, [
    x,
    intVector(
      before.flatMap((count, axis) => [count, after[axis]!]),
      [before.length, 2],
    ),
  ]);
}

/** Zero rows before and after. */
export function padRows(x: Tensor, before: number, after: number): Tensor {
  return before === 0 && after === 0 ? x : padZeros(x, [before, 0, 0, 0], [after, 0, 0, 0]);
}

/** begin, end and strides of a strided slice over everything. */
function stridedArguments(shape: readonly number[], strides: readonly number[]): Tensor[] {
  return [intVector(shape.map(() => 0)), intVector(shape), intVector(strides)];
}

function strided(): Attribute[] {
  stridedAttributes ??= attributes({
    T: { type: 'float' },
    Index: { type: 'int32' },
    begin_mask: { integer: 0 },
    end_mask: { integer: 0 },
    ellipsis_mask: { integer: 0 },
    new_axis_mask: { integer: 0 },
    shrink_axis_mask: { integer: 0 },
  });
  return stridedAttributes;
}

/** x[::s0, ::s1, …]. */
export function takeStrided(x: Tensor, strides: readonly number[]): Tensor {
  return execute('StridedSlice', strided(), [x, ...stridedArguments(x.shape, strides)]);
}

/** The transpose of `takeStrided`: `dy` at the taken places of a tensor of `shape`, zero elsewhere. */
export function putStrided(dy: Tensor, shape: readonly number[], strides: readonly number[]): Tensor {
  return execute('StridedSliceGrad', strided(), [intVector(shape), ...stridedArguments(shape, strides), dy]);
}

/** A tensor in another shape; memory is shared. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  reshapeAttributes ??= attributes({ T: { type: 'float' }, Tshape: { type: 'int32' } });
  return execute('Reshape', reshapeAttributes, [x, intVector(shape)]);
}

/** Sum of tensors of one shape, always added in the order given. */
export function sum(terms: readonly Tensor[]): Tensor {
  if (terms.length === 1) return terms[0]!;
  return execute('AddN', attributes({ T: { type: 'float' }, N: { integer: terms.length } }), terms);
}

/** Depth-major `[depth·batch, h, w, c]` as `[depth, batch, h, w, c]`. */
export function unfoldDepth(
  operation: string,
  x: Tensor,
  depth: number,
): readonly [number, number, number, number, number] {
  expectShape(operation, x, ['depth·batch', 'height', 'width', 'channels']);
  const [, height, width, channels] = x.shape as [number, number, number, number];
  return [depth, batchOf(operation, x.shape, depth), height, width, channels];
}
