/** From the filled options of a run to the rules of each room. */
import type { Options } from '../../config/options.js';
import { baselineOnScans } from '../../network/baselines/member.js';
import type { ObjectiveRule, SearchRules } from '../../search/state.js';
import type { Net } from '../../space/cohort.js';
import { cohortOf } from '../../space/cohort.js';
import type { Genome } from '../../space/genome.js';
import { superNetOf } from '../../space/layout.js';
import type { Operation, SearchSpace } from '../../space/space.js';
import type { LearningRateRule } from '../../training/learning-rate.js';
import type { OptimizerOptions } from '../../training/optimizer.js';
import type { SamplingRules } from '../../training/samples.js';
import { stepsPerEpoch } from '../../config/quantities.js';
import type { ValidationRules } from '../../training/validate.js';

export function spaceOf(options: Options, classes: number): SearchSpace {
  const { stem, widths, strides, blocks, operations, head } = options.supernet;
  return { stem, widths, strides, blocks, operations: operations as readonly Operation[], head, classes };
}

/** What the run trains: the SuperNet of its space, or the networks that its cohort names. */
export function netOf(options: Options, classes: number): Net {
  const space = spaceOf(options, classes);
  return options.cohort === null
    ? superNetOf(space)
    : cohortOf(space, options.cohort, (baseline) => baselineOnScans(baseline, classes));
}

/** B: of a cohort every step trains all, each on the same mini-batch. */
export function individualsPerStepOf({ cohort, training }: Options): number {
  return cohort?.length ?? training.individualsPerStep;
}

export function samplingOf(options: Options): SamplingRules {
  return { seed: options.seed, batch: options.training.batch, microBatches: options.training.microBatches };
}

export function optimizerOf(options: Options): OptimizerOptions {
  const { optimizer, weightAverage, learningRate, momentum, weightDecay, beta1, beta2, epsilon } =
    options.training;
  return { kind: optimizer, weightAverage, learningRate, momentum, weightDecay, beta1, beta2, epsilon };
}

/** Over a run of `trainingScans` training scans. */
export function learningRateOf(options: Options, trainingScans: number): LearningRateRule {
  const { learningRate, finalLearningRate, schedule, batch } = options.training;
  return {
    first: learningRate,
    last: finalLearningRate ?? learningRate,
    shape: schedule,
    steps: stepsPerEpoch(trainingScans, batch) * (warmupEpochsOf(options) + options.evolution.epochs),
  };
}

/** A cohort is given: nothing is drawn. */
function warmupEpochsOf({ cohort, warmup }: Options): number {
  return cohort === null ? warmup.epochs : 0;
}

export function validationOf(options: Options): ValidationRules {
  const { batchNorm, batch, recalibrationBatches } = options.evaluation;
  const { microBatches } = options.training;
  return {
    seed: options.seed,
    batchNorm,
    batch,
    // As in training: in micro-batches, which bound the memory of one pass.
    recalibrationBatches: recalibrationBatches * microBatches,
    trainingBatch: options.training.batch / microBatches,
  };
}

/** `objectives` in the order of the configuration; `trainingScans`: size of D_train. */
export function searchRulesOf(
  options: Options,
  objectives: readonly ObjectiveRule[],
  trainingScans: number,
  classes: number,
): SearchRules {
  const { cohort, warmup, evolution, training } = options;
  return {
    seed: options.seed,
    space: spaceOf(options, classes),
    cohort: cohort as readonly Genome[] | null,
    warmupEpochs: warmupEpochsOf(options),
    warmupCandidates: warmup.candidates,
    epochs: evolution.epochs,
    population: cohort?.length ?? evolution.population,
    keep: cohort?.length ?? evolution.keep,
    variation: {
      crossoverProbability: evolution.crossoverProbability,
      mutationProbability: evolution.mutationProbability,
    },
    selector: evolution.selector,
    partitions: evolution.partitions,
    objectives,
    stepsPerEpoch: stepsPerEpoch(trainingScans, training.batch),
    individualsPerStep: individualsPerStepOf(options),
    microBatches: training.microBatches,
  };
}
