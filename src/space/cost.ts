/**
 * What a path costs, by arithmetic alone: parameters, size, FLOPs, output shapes, activation memory.
 *
 * Convention: a multiply-add is 2 FLOPs, and all three kernel axes count. Counted are convolutions
 * (every tap of every output, padding included), batch norm (folded form, 2 a value), ReLU6 (1 a
 * value), the residual (1 a value), average pooling (1 a value) and the classifier.
 * Size in MB = parameters x 4 / 2^20 (the measure of the paper's tables and axes).
 */
import type { Genome } from './genome.js';
import type { SuperNetLayout, UnitLayout } from './layout.js';
import { superNetLayout } from './layout.js';
import type { PathStage } from './path.js';
import { resolvePath } from './path.js';
import type { SearchSpace } from './space.js';

/** Size of a scan as the network sees it: `slices` x `size` x `size`, one channel. */
export interface InputSize {
  readonly slices: number;
  readonly size: number;
}

/** One line of a path: stem, calibrations, searchable blocks, head, classifier. */
export interface BlockCost {
  /** Position in the network, from 0. */
  readonly index: number;
  /** `stem`, `calibration`, an operation, `head` or `classifier`. */
  readonly op: string;
  readonly parameters: number;
  /** For one scan. */
  readonly flops: number;
  /** [depth, height, width, channels]; [classes] for the classifier. */
  readonly outputShape: readonly number[];
}

/** The `inspect` record of a path. */
export interface PathCost {
  readonly parameters: number;
  readonly sizeMB: number;
  /** Forward pass of one scan. */
  readonly flops: number;
  /**
   * Floats of the largest set of feature maps alive at once in a forward pass of one scan: the block
   * input kept for the residual, the input and the output of a unit.
   */
  readonly peakActivations: number;
  /** Floats of the outputs of all convolutions on one scan: what training keeps grows with them. */
  readonly convolved: number;
  readonly blocks: readonly BlockCost[];
  readonly supernet: { readonly parameters: number; readonly sizeMB: number };
}

/** Parameters (fp32) in MB of 2^20 bytes. */
export function sizeMB(parameters: number): number {
  return (parameters * 4) / 2 ** 20;
}

/** The classifier's line: the mean over the positions of a feature map of this shape, a matrix and a bias. */
export function classifierCost(
  index: number,
  { inputs, outputs }: { readonly inputs: number; readonly outputs: number },
  shape: readonly number[],
): BlockCost {
  return {
    index,
    op: 'classifier',
    parameters: inputs * outputs + outputs,
    flops: count(shape) + 2 * inputs * outputs + outputs,
    outputShape: [outputs],
  };
}

/** What the lines come to together. */
export function totalCost(
  blocks: readonly BlockCost[],
): Pick<PathCost, 'parameters' | 'sizeMB' | 'flops' | 'blocks'> {
  const parameters = blocks.reduce((sum, block) => sum + block.parameters, 0);
  const flops = blocks.reduce((sum, block) => sum + block.flops, 0);
  return { parameters, sizeMB: sizeMB(parameters), flops, blocks };
}

type Shape = readonly [number, number, number, number];

/** Explicit symmetric padding k//2: a size n becomes ceil(n / stride). */
export function outputExtent(extent: number, stride: number): number {
  return Math.ceil(extent / stride);
}

function unitShape(unit: UnitLayout, [depth, height, width]: Shape): Shape {
  return [
    outputExtent(depth, unit.stride),
    outputExtent(height, unit.stride),
    outputExtent(width, unit.stride),
    unit.outputs,
  ];
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function unitFlops(unit: UnitLayout, output: Shape): number {
  const taps = unit.kernel ** 3 * (unit.kind === 'depthwise' ? 1 : unit.inputs);
  const afterwards = unit.activation === 'relu6' ? 3 : 2;
  return count(output) * (2 * taps + afterwards);
}

function unitParameters(layout: SuperNetLayout, unit: UnitLayout): number {
  return [unit.weight, unit.gamma, unit.beta].reduce((sum, index) => sum + layout.parameters[index]!.size, 0);
}

/** Cost of a path on an input. Errors: RangeError if the genome is not of the space or the input is empty. */
export function pathCost(
  space: SearchSpace,
  genome: Genome,
  input: InputSize,
  layout: SuperNetLayout = superNetLayout(space),
): PathCost {
  if (!(
    Number.isInteger(input.slices) &&
    Number.isInteger(input.size) &&
    input.slices >= 1 &&
    input.size >= 1
  )) {
    throw new RangeError(
      `expected an input of at least 1 slice and 1 pixel, whole numbers, got ${input.slices} ` +
        `slices of ${input.size} pixels`,
    );
  }
  let shape: Shape = [input.slices, input.size, input.size, 1];
  let peakActivations = 0;
  let convolved = 0;
  const blocks: BlockCost[] = [];
  for (const stage of resolvePath({ space, layout }, genome).stages) {
    const entry = shape;
    const residual = stage.kind === 'block' && stage.units.length > 0;
    let parameters = 0;
    let flops = 0;
    stage.units.forEach((unit, position) => {
      const output = unitShape(unit, shape);
      const kept = residual && position > 0 ? count(entry) : 0;
      peakActivations = Math.max(peakActivations, kept + count(shape) + count(output));
      parameters += unitParameters(layout, unit);
      flops += unitFlops(unit, output);
      convolved += count(output);
      shape = output;
    });
    if (residual) flops += count(shape);
    blocks.push({
      index: blocks.length,
      op: stageName(stage, genome),
      parameters,
      flops,
      outputShape: shape,
    });
  }
  blocks.push(classifierCost(blocks.length, layout.classifier, shape));
  return {
    ...totalCost(blocks),
    peakActivations,
    convolved,
    supernet: { parameters: layout.parameterCount, sizeMB: sizeMB(layout.parameterCount) },
  };
}

function stageName(stage: PathStage, genome: Genome): string {
  return stage.kind === 'block' ? genome[stage.index]! : stage.kind;
}
