/**
 * The dumb twin of our 3-D convolutions: six loops in double precision over depth-major arrays
 * `[depth·batch, height, width, channels]`. Forward and both gradients from the definition.
 */
export interface ConvolutionCase {
  readonly batch: number;
  readonly depth: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  /** Channel c of the output sees channel c of the input only; the filter is [k, k, k, inputs, 1]. */
  readonly depthwise: boolean;
}

export function naiveConvolution(
  shape: ConvolutionCase,
  x: Float32Array,
  filter: Float32Array,
): { output: Float64Array; backward: (dy: Float32Array) => { dx: Float64Array; dFilter: Float64Array } } {
  const { batch, depth, height, width, inputs, outputs, kernel, stride, depthwise } = shape;
  const padding = kernel >> 1;
  const [od, oh, ow] = [depth, height, width].map((extent) => Math.ceil(extent / stride)) as [
    number,
    number,
    number,
  ];
  const filterOutputs = depthwise ? 1 : outputs;
  const output = new Float64Array(od * batch * oh * ow * outputs);

  const visit = (meet: (input: number, weight: number, output: number) => void): void => {
    for (let d = 0; d < od; d++)
      for (let n = 0; n < batch; n++)
        for (let h = 0; h < oh; h++)
          for (let w = 0; w < ow; w++) {
            for (let a = 0; a < kernel; a++)
              for (let b = 0; b < kernel; b++)
                for (let c = 0; c < kernel; c++) {
                  const [z, y, v] = [
                    d * stride + a - padding,
                    h * stride + b - padding,
                    w * stride + c - padding,
                  ];
                  if (z < 0 || z >= depth || y < 0 || y >= height || v < 0 || v >= width) continue;
                  const from = (((z * batch + n) * height + y) * width + v) * inputs;
                  const to = (((d * batch + n) * oh + h) * ow + w) * outputs;
                  const tap = ((a * kernel + b) * kernel + c) * inputs * filterOutputs;
                  for (let i = 0; i < inputs; i++)
                    for (let o = 0; o < filterOutputs; o++)
                      meet(from + i, tap + i * filterOutputs + o, to + (depthwise ? i : o));
                }
          }
  };
  visit((input, weight, result) => (output[result]! += x[input]! * filter[weight]!));
  return {
    output,
    backward: (dy) => {
      const dx = new Float64Array(x.length);
      const dFilter = new Float64Array(filter.length);
      visit((input, weight, result) => {
        dx[input]! += dy[result]! * filter[weight]!;
        dFilter[weight]! += dy[result]! * x[input]!;
      });
      return { dx, dFilter };
    },
  };
}
