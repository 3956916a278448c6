/**
 * 3-D convolutions on depth-major volumes: pointwise (1x1x1) and full.
 *
 * Pointwise is a matrix product. A full k x k x k convolution is one 2-D convolution whose input
 * channels are the k depth taps of each position side by side. The gradient of TensorFlow's own
 * `Conv3D` is not used: on a CPU its filter gradient took most of a small network's step.
 *
 * Padding is explicit and symmetric, k//2 on each side, so an extent n becomes ceil(n / stride).
 * TensorFlow's SAME differs from that at stride 2.
 */
import type { Attribute, Tensor } from './backend.js';
import { attributes, execute } from './backend.js';
import { rawConcatenate } from './concatenate.js';
import {
  padRows,
  putStrided,
  reshape,
  sliceCorner,
  sliceRows,
  sum,
  takeStrided,
  unfoldDepth,
} from './rows.js';
import { differentiable } from './scope.js';
import { expectShape, intVector, ShapeError } from './shapes.js';

/** Step of a convolution or pooling: on all three axes, or [depth, height and width]. */
export type Stride = number | readonly [depth: number, plane: number];

/** [depth, plane] of a stride. */
function strideAxes(stride: Stride): readonly [depth: number, plane: number] {
  return typeof stride === 'number' ? [stride, stride] : stride;
}

const products = new Map<string, Attribute[]>();

/** a·b with either transposed; rank 2. */
export function rawMatMul(a: Tensor, b: Tensor, transposeA = false, transposeB = false): Tensor {
  const key = `${transposeA}${transposeB}`;
  let made = products.get(key);
  if (made === undefined) {
    made = attributes({
      T: { type: 'float' },
      transpose_a: { flag: transposeA },
      transpose_b: { flag: transposeB },
    });
    products.set(key, made);
  }
  return execute('MatMul', made, [a, b]);
}

/** `x` `[rows, height, width, inputs]` times `weight` `[inputs, outputs]` at every position. */
export function pointwise(x: Tensor, weight: Tensor): Tensor {
  expectShape('pointwise', x, ['rows', 'height', 'width', 'inputs']);
  const [rows, height, width, inputs] = x.shape as [number, number, number, number];
  expectShape('pointwise', weight, [inputs, 'outputs']);
  const outputs = weight.shape[1]!;
  const positions = rows * height * width;
  return differentiable([x, weight], (input, matrix) => ({
    value: reshape(rawMatMul(reshape(input, [positions, inputs]), matrix), [rows, height, width, outputs]),
    saved: [input, matrix],
    gradient: (dy, [keptInput, keptMatrix]) => {
      const upstream = reshape(dy, [positions, outputs]);
      return [
        reshape(rawMatMul(upstream, keptMatrix!, false, true), [rows, height, width, inputs]),
        rawMatMul(reshape(keptInput!, [positions, inputs]), upstream, true, false),
      ];
    },
  }));
}

/** Every `stride`-th position along depth, height and width: what a 1x1x1 convolution of that stride sees. */
export function subsample(x: Tensor, depth: number, stride: Stride): Tensor {
  const shape = unfoldDepth('subsample', x, depth);
  const [deep, plane] = strideAxes(stride);
  if (deep === 1 && plane === 1) return x;
  const strides = [deep, 1, plane, plane, 1];
  const outDepth = Math.ceil(depth / deep);
  const [outHeight, outWidth] = [Math.ceil(shape[2] / plane), Math.ceil(shape[3] / plane)];
  const folded = [outDepth * shape[1], outHeight, outWidth, shape[4]];
  return differentiable([x], (input) => ({
    value: reshape(takeStrided(reshape(input, shape), strides), folded),
    saved: [],
    gradient: (dy) => [
      reshape(
        putStrided(reshape(dy, [outDepth, shape[1], outHeight, outWidth, shape[4]]), shape, strides),
        x.shape,
      ),
    ],
  }));
}

function conv2dAttributes(stride: number, [high, wide]: readonly [number, number]): Attribute[] {
  return attributes({
    T: { type: 'float' },
    strides: { integer: [1, stride, stride, 1] },
    padding: { text: 'EXPLICIT' },
    explicit_paddings: { integer: [0, 0, high, high, wide, wide, 0, 0] },
    use_cudnn_on_gpu: { flag: true },
    data_format: { text: 'NHWC' },
    dilations: { integer: [1, 1, 1, 1] },
  });
}

/**
 * Filter axes (depth, height, width, in, out) as (height, width, depth, in, out): `[k, k, k·in, out]` in
 * memory; and back.
 */
const DEPTH_TO_CHANNELS = [1, 2, 0, 3, 4];
const CHANNELS_TO_DEPTH = [2, 0, 1, 3, 4];

function transpose(x: Tensor, axes: readonly number[]): Tensor {
  return execute('Transpose', attributes({ T: { type: 'float' }, Tperm: { type: 'int32' } }), [
    x,
    intVector(axes),
  ]);
}

export interface ConvolutionOptions {
  readonly stride: Stride;
  /** False sends no gradient to the input, for a first layer; default true. */
  readonly inputGradient?: boolean;
}

/**
 * Full convolution: `x` depth-major `[depth·batch, height, width, inputs]`, `filter` `[kd, kh, kw, inputs,
 * outputs]` (depth, height, width), each k odd; an extent n becomes ceil(n / stride). Errors: ShapeError.
 */
export function conv3d(
  x: Tensor,
  filter: Tensor,
  depth: number,
  { stride: strides, inputGradient = true }: ConvolutionOptions,
): Tensor {
  const [, batch, height, width, inputs] = unfoldDepth('conv3d', x, depth);
  const [stride, planeStride] = strideAxes(strides);
  expectShape('conv3d', filter, ['kernel depth', 'kernel height', 'kernel width', inputs, 'outputs']);
  const [kernel, high, wide] = filter.shape as [number, number, number];
  if ([kernel, high, wide].some((extent) => extent % 2 === 0))
    throw new ShapeError('conv3d', 'an odd kernel', filter.shape);
  const outputs = filter.shape[4]!;
  const padding = kernel >> 1;
  const outDepth = Math.ceil(depth / stride);
  const planeAttributes = conv2dAttributes(planeStride, [high >> 1, wide >> 1]);
  // Enough rows for the last tap of the last output slice.
  const paddedDepth = (outDepth - 1) * stride + kernel;
  const rest = Math.max(0, paddedDepth - depth - padding);
  const reach = (outDepth - 1) * stride + 1;
  const flat = batch * height * width * inputs;

  const tapsToChannels = (input: Tensor): Tensor => {
    const padded = padRows(input, padding * batch, rest * batch);
    return rawConcatenate(
      Array.from({ length: kernel }, (_, tap) => {
        const run = sliceRows(padded, tap * batch, reach * batch);
        return stride === 1
          ? run
          : reshape(takeStrided(reshape(run, [reach, flat]), [stride, 1]), [
              outDepth * batch,
              height,
              width,
              inputs,
            ]);
      }),
    );
  };
  const channelsToTaps = (gradient: Tensor): Tensor => {
    const extent = padding + depth + rest;
    const parts = Array.from({ length: kernel }, (_, tap) => {
      const part = sliceCorner(gradient, [0, 0, 0, tap * inputs], [...gradient.shape.slice(0, 3), inputs]);
      const run =
        stride === 1
          ? part
          : reshape(putStrided(reshape(part, [outDepth, flat]), [reach, flat], [stride, 1]), [
              reach * batch,
              height,
              width,
              inputs,
            ]);
      return padRows(run, tap * batch, (extent - tap - reach) * batch);
    });
    return sliceRows(sum(parts), padding * batch, depth * batch);
  };

  return differentiable(inputGradient ? [x, filter] : [filter], (...given) => {
    const weights = given.at(-1)!;
    const columns = tapsToChannels(x);
    const plane = reshape(transpose(weights, DEPTH_TO_CHANNELS), [high, wide, kernel * inputs, outputs]);
    return {
      value: execute('Conv2D', planeAttributes, [columns, plane]),
      saved: [columns, plane],
      gradient: (dy, [keptColumns, keptPlane]) => {
        const planeGradient = execute('Conv2DBackpropFilter', planeAttributes, [
          keptColumns!,
          intVector(keptPlane!.shape),
          dy,
        ]);
        const filterGradient = transpose(
          reshape(planeGradient, [high, wide, kernel, inputs, outputs]),
          CHANNELS_TO_DEPTH,
        );
        if (!inputGradient) return [filterGradient];
        return [
          channelsToTaps(
            execute('Conv2DBackpropInput', planeAttributes, [intVector(keptColumns!.shape), keptPlane!, dy]),
          ),
          filterGradient,
        ];
      },
    };
  });
}
