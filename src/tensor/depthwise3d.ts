/**
 * Depthwise 3-D convolution, stride 1, zero padding k//2: the heart of a mobile block.
 *
 * tfjs and TensorFlow have none. It is the sum over the k depth taps of 2-D depthwise convolutions, each
 * on the run of depth slices that tap can see. Two exact savings: depth slices outside the volume are
 * not computed, and a kernel larger than the volume is cropped to the taps that can meet a value at all
 * (2n - 1 on an axis of n), the gradient of the other taps being zero. Deep in a network, where volumes
 * are 1 or 2 wide, a 7x7x7 kernel shrinks to a few taps.
 *
 * One function, so that a native kernel can take its place.
 */
import type { Attribute, Tensor } from './backend.js';
import { attributes, execute, executeMany } from './backend.js';
import { padRows, padZeros, sliceCorner, sliceRows, sum, unfoldDepth } from './rows.js';
import { differentiable } from './scope.js';
import { expectShape, intVector, ShapeError } from './shapes.js';

let depthwise: Attribute[] | undefined;

/** Stride 1 and an odd kernel: TensorFlow's SAME is the symmetric padding k//2. */
function depthwiseAttributes(): Attribute[] {
  depthwise ??= attributes({
    T: { type: 'float' },
    strides: { integer: [1, 1, 1, 1] },
    padding: { text: 'SAME' },
    data_format: { text: 'NHWC' },
    dilations: { integer: [1, 1, 1, 1] },
  });
  return depthwise;
}

/** A depth tap: which input rows meet which output rows. Offsets count depth slices. */
interface Tap {
  readonly index: number;
  readonly input: number;
  readonly output: number;
  readonly slices: number;
}

function taps(kernelDepth: number, depth: number): Tap[] {
  const padding = kernelDepth >> 1;
  return Array.from({ length: kernelDepth }, (_, index) => {
    const shift = index - padding;
    return { index, input: Math.max(0, shift), output: Math.max(0, -shift), slices: depth - Math.abs(shift) };
  });
}

/** The part of a kernel that can meet a volume, `[depth, height, width]` taps. */
function usefulKernel(
  kernel: readonly [number, number, number],
  volume: readonly [number, number, number],
): [number, number, number] {
  return [0, 1, 2].map((axis) => Math.min(kernel[axis]!, 2 * volume[axis]! - 1)) as [number, number, number];
}

function unpack(filter: Tensor): Tensor[] {
  const count = filter.shape[0];
  return executeMany(
    'Unpack',
    attributes({ T: { type: 'float' }, num: { integer: count }, axis: { integer: 0 } }),
    [filter],
    count,
  );
}

function pack(parts: readonly Tensor[]): Tensor {
  return execute(
    'Pack',
    attributes({ T: { type: 'float' }, N: { integer: parts.length }, axis: { integer: 0 } }),
    parts,
  );
}

/**
 * `x` depth-major `[depth·batch, height, width, channels]`, `filter` `[k, k, k, channels, 1]` (depth,
 * height, width), every k odd; the result has the shape of `x`. Errors: ShapeError.
 */
export function depthwise3d(x: Tensor, filter: Tensor, depth: number): Tensor {
  const [, batch, height, width, channels] = unfoldDepth('depthwise3d', x, depth);
  expectShape('depthwise3d', filter, ['kernel depth', 'kernel height', 'kernel width', channels, 1]);
  const full = filter.shape.slice(0, 3) as [number, number, number];
  if (full.some((extent) => extent % 2 === 0))
    throw new ShapeError('depthwise3d', 'an odd kernel', filter.shape);
  const useful = usefulKernel(full, [depth, height, width]);
  const cropped = useful.some((extent, axis) => extent !== full[axis]);
  const margin = [...useful.map((extent, axis) => (full[axis]! - extent) / 2), 0, 0];
  const kernelTaps = taps(useful[0], depth);
  const crop = (weights: Tensor): Tensor =>
    cropped ? sliceCorner(weights, margin, [...useful, channels, 1]) : weights;
  const place = (part: Tensor, slicesBefore: number, slices: number): Tensor =>
    padRows(part, slicesBefore * batch, (depth - slicesBefore - slices) * batch);

  return differentiable([x, filter], (input, weights) => {
    const planes = unpack(crop(weights));
    const value = sum(
      kernelTaps.map((tap) => {
        const seen = sliceRows(input, tap.input * batch, tap.slices * batch);
        return place(
          execute('DepthwiseConv2dNative', depthwiseAttributes(), [seen, planes[tap.index]!]),
          tap.output,
          tap.slices,
        );
      }),
    );
    return {
      value,
      saved: [input, weights],
      gradient: (dy, [keptInput, keptWeights]) => {
        const keptPlanes = unpack(crop(keptWeights!));
        const planeSize = intVector([useful[1], useful[2], channels, 1]);
        const weightParts: Tensor[] = [];
        const inputParts = kernelTaps.map((tap) => {
          const upstream = sliceRows(dy, tap.output * batch, tap.slices * batch);
          const seen = sliceRows(keptInput!, tap.input * batch, tap.slices * batch);
          weightParts.push(
            execute('DepthwiseConv2dNativeBackpropFilter', depthwiseAttributes(), [
              seen,
              planeSize,
              upstream,
            ]),
          );
          const part = execute('DepthwiseConv2dNativeBackpropInput', depthwiseAttributes(), [
            intVector(seen.shape),
            keptPlanes[tap.index]!,
            upstream,
          ]);
          return place(part, tap.input, tap.slices);
        });
        const weightGradient = pack(weightParts);
        return [sum(inputParts), cropped ? padZeros(weightGradient, margin, margin) : weightGradient];
      },
    };
  });
}
