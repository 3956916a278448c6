/**
 * The blocks of a SuperNet as functions of tensors (paper section III, Fig. 1 and 2).
 *
 * Every block is made of units: convolution without bias → batch norm → perhaps ReLU6. What batch norm
 * normalises with is the caller's choice, so one definition serves training and evaluation.
 */
import type { UnitLayout } from '../space/layout.js';
import type { PathStage } from '../space/path.js';
import type { Tensor } from '../tensor/backend.js';
import type { BatchNormOptions } from '../tensor/batch-norm.js';
import { conv3d, pointwise, subsample } from '../tensor/conv3d.js';
import { depthwise3d } from '../tensor/depthwise3d.js';
import { add } from '../tensor/head.js';
import { freeingIntermediates } from '../tensor/scope.js';

/** Feature maps: `values` depth-major `[depth·batch, height, width, channels]`. */
export interface FeatureMap {
  readonly values: Tensor;
  readonly depth: number;
}

/** Parameters on the device, by their index in the layout. */
export type Weights = (index: number) => Tensor;

/** A batch norm: its tensors by their index in the layout, and what follows it. */
export interface NormLayout extends BatchNormOptions {
  readonly gamma: number;
  readonly beta: number;
  readonly mean: number;
  readonly variance: number;
}

/** Batch norm and activation of a unit. */
export type Normalise = (unit: NormLayout, x: Tensor, weights: Weights) => Tensor;

function convolve(unit: UnitLayout, { values, depth }: FeatureMap, weights: Weights): Tensor {
  const weight = weights(unit.weight);
  switch (unit.kind) {
    // Only the stem is a full convolution, and nothing before it has a gradient.
    case 'full':
      return conv3d(values, weight, depth, { stride: unit.stride, inputGradient: false });
    case 'pointwise':
      return pointwise(subsample(values, depth, unit.stride), weight);
    case 'depthwise':
      return depthwise3d(values, weight, depth);
  }
}

function runUnit(unit: UnitLayout, input: FeatureMap, weights: Weights, normalise: Normalise): FeatureMap {
  const values = freeingIntermediates(() => normalise(unit, convolve(unit, input, weights), weights));
  return { values, depth: Math.ceil(input.depth / unit.stride) };
}

/**
 * One stage of a path: stem, calibration, searchable block or head. A mobile block adds its input to its
 * output; `skip` has no units and is the identity.
 */
export function runStage(
  stage: PathStage,
  input: FeatureMap,
  weights: Weights,
  normalise: Normalise,
): FeatureMap {
  if (stage.units.length === 0) return input;
  const values = freeingIntermediates(() => {
    const output = stage.units.reduce((map, unit) => runUnit(unit, map, weights, normalise), input);
    return stage.kind === 'block' ? add(input.values, output.values) : output.values;
  });
  return { values, depth: stage.units.reduce((depth, unit) => Math.ceil(depth / unit.stride), input.depth) };
}
