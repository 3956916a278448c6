/**
 * The tensors of a network: names, shapes, first values, and offsets in two flat vectors, one of
 * parameters and one of batch-norm running statistics. What every network has in common, a SuperNet or a
 * baseline.
 */

/** How a tensor starts: a constant, or normal with mean 0 and this standard deviation. */
export type Initial =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly deviation: number };

/** One tensor in a flat vector. `offset` and `size` count floats. */
export interface TensorEntry {
  /** Unique and stable, for example `block03/mb_k5_e4/depthwise/weight`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly offset: number;
  readonly initial: Initial;
}

export interface ClassifierLayout {
  readonly inputs: number;
  readonly outputs: number;
  /** Indices into `NetworkLayout.parameters`: weight [inputs, outputs], bias [outputs]. */
  readonly weight: number;
  readonly bias: number;
}

/** What is needed to hold, initialise, train and store a network or several, whatever their structure. */
export interface TensorLists {
  readonly parameters: readonly TensorEntry[];
  /** Running mean and variance of each batch norm: state, not parameters; not counted in sizes. */
  readonly statistics: readonly TensorEntry[];
  /** Floats in all parameters, and in all statistics. */
  readonly parameterCount: number;
  readonly statisticCount: number;
}

export interface NetworkLayout extends TensorLists {
  readonly classifier: ClassifierLayout;
}

/** Grows the two tensor lists; offsets follow from the order of the calls. */
export class LayoutBuilder {
  readonly parameters: TensorEntry[] = [];
  readonly statistics: TensorEntry[] = [];
  parameterCount = 0;
  statisticCount = 0;

  parameter(name: string, shape: readonly number[], initial: Initial): number {
    const size = volume(shape);
    this.parameters.push({ name, shape, size, offset: this.parameterCount, initial });
    this.parameterCount += size;
    return this.parameters.length - 1;
  }

  statistic(name: string, channels: number, value: number): number {
    this.statistics.push({
      name,
      shape: [channels],
      size: channels,
      offset: this.statisticCount,
      initial: { kind: 'constant', value },
    });
    this.statisticCount += channels;
    return this.statistics.length - 1;
  }

  /**
   * Fully connected layer behind the pooling. Normal with the variance of the customary uniform draw in
   * ±1/sqrt(inputs): logits start small, which sqrt(2 / fan-out) with two or three classes would not give.
   */
  classifier(inputs: number, outputs: number): ClassifierLayout {
    return {
      inputs,
      outputs,
      weight: this.parameter('classifier/weight', [inputs, outputs], {
        kind: 'normal',
        deviation: Math.sqrt(1 / (3 * inputs)),
      }),
      bias: this.parameter('classifier/bias', [outputs], { kind: 'constant', value: 0 }),
    };
  }
}

function volume(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
