/**
 * 3-D pooling on depth-major volumes, as two 2-D poolings: first in the plane, then along the depth.
 *
 * A maximum over a box is the maximum over its depth of the maxima over its planes, and a mean over a box
 * likewise. In a depth-major tensor the depth is the slowest axis, so seen as one image
 * `[1, depth, batch·height·width, channels]` a pooling of its "rows" is the pooling along the depth, and
 * TensorFlow's 2-D kernels, with their gradients, do both.
 *
 * Where several values of a box are the largest, the gradient goes to one of them: the first in its plane,
 * in the first of the depths. (Behind ReLU those are zeros, whose gradient ends there in any case.)
 */
import type { Attribute, Tensor } from './backend.js';
import { attributes, execute } from './backend.js';
import { reshape, unfoldDepth } from './rows.js';
import { differentiable } from './scope.js';
import { intVector, ShapeError } from './shapes.js';

type Image = readonly [number, number, number, number];

/** Kernel, step, and padding on both sides of one axis. */
interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

function maximumAttributes(rows: Window, columns: Window): Attribute[] {
  return attributes({
    T: { type: 'float' },
    ksize: { integer: [1, rows.kernel, columns.kernel, 1] },
    strides: { integer: [1, rows.stride, columns.stride, 1] },
    padding: { text: 'EXPLICIT' },
    explicit_paddings: {
      integer: [0, 0, rows.padding, rows.padding, columns.padding, columns.padding, 0, 0],
    },
    data_format: { text: 'NHWC' },
  });
}

function pooled({ kernel, stride, padding }: Window, extent: number): number {
  return Math.floor((extent + 2 * padding - kernel) / stride) + 1;
}

const POINT: Window = { kernel: 1, stride: 1, padding: 0 };

/**
 * Maximum over boxes of k x k x k, zero weight on the outside: `x` depth-major
 * `[depth·batch, height, width, channels]`, k odd, padding k//2; an extent n becomes ceil(n / stride).
 * Errors: ShapeError.
 */
export function maxPool3d(x: Tensor, depth: number, kernel: number, stride: number): Tensor {
  const [, batch, height, width, channels] = unfoldDepth('maxPool3d', x, depth);
  if (kernel % 2 === 0) throw new ShapeError('maxPool3d', 'an odd kernel', [kernel]);
  const window: Window = { kernel, stride, padding: kernel >> 1 };
  const [outDepth, outHeight, outWidth] = [depth, height, width].map((extent) => pooled(window, extent)) as [
    number,
    number,
    number,
  ];
  const plane = maximumAttributes(window, window);
  const along = maximumAttributes(window, POINT);
  const deep: Image = [1, depth, batch * outHeight * outWidth, channels];
  return differentiable([x], (input) => {
    const planes = execute('MaxPool', plane, [input]);
    const depths = execute('MaxPool', along, [reshape(planes, deep)]);
    return {
      value: reshape(depths, [outDepth * batch, outHeight, outWidth, channels]),
      saved: [input, planes, depths],
      gradient: (dy, [keptInput, keptPlanes, keptDepths]) => {
        const upstream = execute('MaxPoolGrad', along, [
          reshape(keptPlanes!, deep),
          keptDepths!,
          reshape(dy, keptDepths!.shape),
        ]);
        return [
          execute('MaxPoolGrad', plane, [keptInput!, keptPlanes!, reshape(upstream, keptPlanes!.shape)]),
        ];
      },
    };
  });
}

const HALF = 2;

function meanAttributes(rows: number, columns: number): Attribute[] {
  return attributes({
    T: { type: 'float' },
    ksize: { integer: [1, rows, columns, 1] },
    strides: { integer: [1, rows, columns, 1] },
    // An odd extent gets its one padding behind, and TensorFlow leaves padding out of the mean.
    padding: { text: 'SAME' },
    data_format: { text: 'NHWC' },
  });
}

/**
 * Mean over boxes of 2 x 2 x 2 side by side: an extent n becomes ceil(n / 2), and a last box that reaches
 * over the edge is the mean of what is there. `x` depth-major. Errors: ShapeError.
 */
export function averagePool3d(x: Tensor, depth: number): Tensor {
  const [, batch, height, width, channels] = unfoldDepth('averagePool3d', x, depth);
  const [outDepth, outHeight, outWidth] = [depth, height, width].map((extent) =>
    Math.ceil(extent / HALF),
  ) as [number, number, number];
  const plane = meanAttributes(HALF, HALF);
  const along = meanAttributes(HALF, 1);
  const deep: Image = [1, depth, batch * outHeight * outWidth, channels];
  return differentiable([x], (input) => {
    const planes = execute('AvgPool', plane, [input]);
    const depths = execute('AvgPool', along, [reshape(planes, deep)]);
    return {
      value: reshape(depths, [outDepth * batch, outHeight, outWidth, channels]),
      saved: [],
      gradient: (dy) => {
        const upstream = execute('AvgPoolGrad', along, [
          intVector(deep),
          reshape(dy, [1, outDepth, batch * outHeight * outWidth, channels]),
        ]);
        return [
          execute('AvgPoolGrad', plane, [
            intVector(x.shape),
            reshape(upstream, [depth * batch, outHeight, outWidth, channels]),
          ]),
        ];
      },
    };
  });
}
