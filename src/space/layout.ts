/**
 * Where every number of a SuperNet lives: tensor names, shapes and offsets in one flat vector.
 *
 * All weights of a SuperNet are one flat Float32Array and all batch-norm running statistics another.
 * A path (one architecture of the search space, path.ts) touches some of their tensors.
 *
 * The layout is also the structure: the stages of a path list the convolution units it runs through, with
 * the indices of their tensors. Cost, initialisation and the network itself all walk this one list.
 * Structure: paper section III, Fig. 1 and 2.
 */
import type { Operation, SearchSpace } from './space.js';
import { parseOperation } from './space.js';
import type { NetworkLayout, TensorEntry } from './tensors.js';
import { LayoutBuilder } from './tensors.js';

export type { TensorEntry } from './tensors.js';

/** Convolution without bias → batch norm → perhaps ReLU6. Tensors are named by index. */
export interface UnitLayout {
  readonly name: string;
  /**
   * `full`: weight [k, k, k, inputs, outputs]; `pointwise`: weight [inputs, outputs] (1x1x1);
   * `depthwise`: weight [k, k, k, channels, 1]. Kernel axes are depth, height, width.
   */
  readonly kind: 'full' | 'pointwise' | 'depthwise';
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly activation: 'relu6' | 'none';
  /** Indices into `SuperNetLayout.parameters`. */
  readonly weight: number;
  readonly gamma: number;
  readonly beta: number;
  /** Indices into `SuperNetLayout.statistics`. */
  readonly mean: number;
  readonly variance: number;
}

export interface CellLayout {
  readonly calibration: UnitLayout;
  /** For each searchable block: candidate operation → its units (none for `skip`). */
  readonly blocks: readonly Readonly<Record<string, readonly UnitLayout[]>>[];
}

export interface SuperNetLayout extends NetworkLayout {
  readonly stem: UnitLayout;
  readonly cells: readonly CellLayout[];
  readonly head: UnitLayout;
}

/** A search space and the layout that follows from it. */
export interface SuperNet {
  readonly space: SearchSpace;
  readonly layout: SuperNetLayout;
}

const STEM_KERNEL = 3;
const STEM_STRIDE = 2;

interface UnitShape extends Pick<UnitLayout, 'inputs' | 'outputs' | 'activation'> {
  /** 1 where left out, as the stride. */
  readonly kernel?: number;
  readonly stride?: number;
}

/** Adds the units of a SuperNet to the tensor lists. */
class Builder extends LayoutBuilder {
  /** Normal initialisation with std sqrt(2 / fan-out), the fan-out over all three kernel axes (spec section 1). */
  unit(
    name: string,
    kind: UnitLayout['kind'],
    { inputs, outputs, kernel = 1, stride = 1, activation }: UnitShape,
  ): UnitLayout {
    const taps = kernel * kernel * kernel;
    const shape =
      kind === 'pointwise'
        ? [inputs, outputs]
        : kind === 'depthwise'
          ? [kernel, kernel, kernel, inputs, 1]
          : [kernel, kernel, kernel, inputs, outputs];
    const fanOut = kind === 'depthwise' ? taps : taps * outputs;
    return {
      name,
      kind,
      inputs,
      outputs,
      kernel,
      stride,
      activation,
      weight: this.parameter(`${name}/weight`, shape, { kind: 'normal', deviation: Math.sqrt(2 / fanOut) }),
      gamma: this.parameter(`${name}/gamma`, [outputs], { kind: 'constant', value: 1 }),
      beta: this.parameter(`${name}/beta`, [outputs], { kind: 'constant', value: 0 }),
      mean: this.statistic(`${name}/mean`, outputs, 0),
      variance: this.statistic(`${name}/variance`, outputs, 1),
    };
  }

  /** Expansion 1 needs no expanding convolution (as in MobileNetV2). */
  operation(name: string, operation: Operation, width: number): UnitLayout[] {
    const block = parseOperation(operation);
    if (block === null) return [];
    const hidden = width * block.expansion;
    const widened = { inputs: width, outputs: hidden, activation: 'relu6' } as const;
    const filtered = { inputs: hidden, outputs: hidden, kernel: block.kernel, activation: 'relu6' } as const;
    const projected = { inputs: hidden, outputs: width, activation: 'none' } as const;
    return [
      ...(block.expansion === 1 ? [] : [this.unit(`${name}/expand`, 'pointwise', widened)]),
      this.unit(`${name}/depthwise`, 'depthwise', filtered),
      this.unit(`${name}/project`, 'pointwise', projected),
    ];
  }
}

/**
 * The layout of a whole SuperNet. Order: stem, then each cell (calibration, blocks, each with all its
 * operations), head, classifier.
 */
export function superNetLayout(space: SearchSpace): SuperNetLayout {
  const cellCount = space.widths.length;
  if (space.strides.length !== cellCount || space.blocks.length !== cellCount) {
    throw new RangeError(
      `expected as many strides and blocks as widths (${cellCount}), got ${space.strides.length} ` +
        `strides and ${space.blocks.length} blocks`,
    );
  }
  const builder = new Builder();
  const stem = builder.unit('stem', 'full', {
    inputs: 1,
    outputs: space.stem,
    kernel: STEM_KERNEL,
    stride: STEM_STRIDE,
    activation: 'relu6',
  });
  let width = space.stem;
  let position = 0;
  const cells = space.widths.map((cellWidth, cell): CellLayout => {
    const calibration = builder.unit(`cell${cell}/calibration`, 'pointwise', {
      inputs: width,
      outputs: cellWidth,
      stride: space.strides[cell]!,
      activation: 'none',
    });
    width = cellWidth;
    const blocks = Array.from({ length: space.blocks[cell]! }, () => {
      const block = `block${String(position++).padStart(2, '0')}`;
      return Object.fromEntries(
        space.operations.map((operation) => [
          operation,
          builder.operation(`${block}/${operation}`, operation, cellWidth),
        ]),
      );
    });
    return { calibration, blocks };
  });
  const head = builder.unit('head', 'pointwise', {
    inputs: width,
    outputs: space.head,
    activation: 'relu6',
  });
  const classifier = builder.classifier(space.head, space.classes);
  const { parameters, statistics, parameterCount, statisticCount } = builder;
  return { parameters, statistics, parameterCount, statisticCount, stem, cells, head, classifier };
}

export function superNetOf(space: SearchSpace): SuperNet {
  return { space, layout: superNetLayout(space) };
}

/** The tensors at `indices` of a flat vector, concatenated: a path's share of the whole. A new array of the caller. */
export function gatherTensors(
  entries: readonly TensorEntry[],
  indices: readonly number[],
  flat: Float32Array,
): Float32Array {
  const gathered = new Float32Array(indices.reduce((sum, index) => sum + entries[index]!.size, 0));
  let end = 0;
  for (const index of indices) {
    const { offset, size } = entries[index]!;
    gathered.set(flat.subarray(offset, offset + size), end);
    end += size;
  }
  return gathered;
}
