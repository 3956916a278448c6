/** From the filled options of a run to the rules of each room. */
import type { Options } from '../../config/options.js';
import type { ObjectiveRule, SearchRules } from '../../search/state.js';
import type { Operation, SearchSpace } from '../../space/space.js';
import type { LearningRateRule } from '../../training/learning-rate.js';
import type { OptimizerOptions } from '../../training/optimizer.js';
import type { SamplingRules } from '../../training/samples.js';
import { stepsPerEpoch } from '../../training/samples.js';
import type { ValidationRules } from '../../training/validate.js';

export function spaceOf(options: Options, classes: number): SearchSpace {
  const { stem, widths, strides, blocks, operations, head } = options.supernet;
  return { stem, widths, strides, blocks, operations: operations as readonly Operation[], head, classes };
}

export function samplingOf(options: Options): SamplingRules {
  return { seed: options.seed, batch: options.training.batch, microBatches: options.training.microBatches };
}

export function optimizerOf(options: Options): OptimizerOptions {
  const { optimizer, learningRate, momentum, weightDecay, beta1, beta2, epsilon } = options.training;
  return { kind: optimizer, learningRate, momentum, weightDecay, beta1, beta2, epsilon };
}

/** Over a run of `trainingScans` training scans. */
export function learningRateOf(options: Options, trainingScans: number): LearningRateRule {
  const { learningRate, finalLearningRate, batch } = options.training;
  return {
    first: learningRate,
    last: finalLearningRate ?? learningRate,
    steps: stepsPerEpoch(trainingScans, batch) * (options.warmup.epochs + options.evolution.epochs),
  };
}

export function validationOf(options: Options): ValidationRules {
  const { batchNorm, batch, recalibrationBatches } = options.evaluation;
  return {
    seed: options.seed,
    batchNorm,
    batch,
    recalibrationBatches,
    trainingBatch: options.training.batch,
  };
}

/** `objectives` in the order of the configuration; `trainingScans`: size of D_train. */
export function searchRulesOf(
  options: Options,
  objectives: readonly ObjectiveRule[],
  trainingScans: number,
  classes: number,
): SearchRules {
  const { warmup, evolution, training } = options;
  return {
    seed: options.seed,
    space: spaceOf(options, classes),
    warmupEpochs: warmup.epochs,
    warmupCandidates: warmup.candidates,
    epochs: evolution.epochs,
    population: evolution.population,
    keep: evolution.keep,
    variation: {
      crossoverProbability: evolution.crossoverProbability,
      mutationProbability: evolution.mutationProbability,
    },
    selector: evolution.selector,
    partitions: evolution.partitions,
    objectives,
    stepsPerEpoch: stepsPerEpoch(trainingScans, training.batch),
    individualsPerStep: training.individualsPerStep,
    microBatches: training.microBatches,
  };
}
