/** Weights in the order that other frameworks keep them in. */
import type { NetworkWeights } from '../network/network.js';
import type { NetworkLayout, TensorEntry } from '../space/tensors.js';

/** A tensor under its own name. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const cut = (flat: Float32Array, { name, shape, offset, size }: TensorEntry): NamedTensor => ({
  name,
  shape,
  values: flat.subarray(offset, offset + size),
});

/** All tensors of a network as they are stored, parameters first; views of the weights. */
export function namedTensors(layout: NetworkLayout, weights: NetworkWeights): NamedTensor[] {
  return [
    ...layout.parameters.map((entry) => cut(weights.parameters, entry)),
    ...layout.statistics.map((entry) => cut(weights.statistics, entry)),
  ];
}

/**
 * A convolution's filter as `[outputs, inputs a group, depth, height, width]`, from ours: `[d, h, w, in,
 * out]`, `[in, out]` for a kernel of 1, `[d, h, w, channels, 1]` depthwise. A new array.
 */
export function channelsFirst({ name, shape, values }: NamedTensor, depthwise: boolean): NamedTensor {
  const full = shape.length === 2 ? [1, 1, 1, ...shape] : shape;
  const [depth, height, width, first, second] = full as [number, number, number, number, number];
  const [outputs, inputs] = depthwise ? [first, 1] : [second, first];
  const taps = depth * height * width;
  const turned = new Float32Array(values.length);
  for (let tap = 0; tap < taps; tap++)
    for (let input = 0; input < inputs; input++)
      for (let output = 0; output < outputs; output++)
        turned[(output * inputs + input) * taps + tap] = values[(tap * inputs + input) * outputs + output]!;
  return { name, shape: [outputs, inputs, depth, height, width], values: turned };
}
