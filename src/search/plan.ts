/**
 * What an epoch trains (paper Alg. 1; spec sections 2.1, 2.2).
 *
 * Warm-up: every mini-batch trains freshly drawn individuals, each operation with equal probability.
 * Search: the population in turn, so that all are trained on the same number of mini-batches; where
 * an epoch does not divide evenly, the differences of one rotate on over the epochs.
 */
import { generator } from '../random/generator.js';
import type { Genome } from '../space/genome.js';
import { genomeId } from '../space/genome.js';
import { expectUnused, sampleGenome } from '../space/variation.js';
import type { EpochPlan, SearchRules, SearchState } from './state.js';

/** Slots of a step, S = individuals per step × micro-batches: fixed, whichever trainer computes them. */
export function slotsPerStep(rules: SearchRules): number {
  return rules.individualsPerStep * rules.microBatches;
}

/** The plan of `state.epoch`: a function of the rules and the state alone. */
export function planEpoch(rules: SearchRules, state: SearchState): EpochPlan {
  const warmup = state.epoch <= rules.warmupEpochs;
  return {
    epoch: state.epoch,
    kind: warmup ? 'warm-up' : 'search',
    firstStep: state.step,
    ...(warmup ? warmupSchedule(rules, state.epoch) : populationSchedule(rules, state)),
  };
}

type Schedule = Pick<EpochPlan, 'individuals' | 'schedule'>;

function warmupSchedule(rules: SearchRules, epoch: number): Schedule {
  const positions = new Map<string, number>();
  const individuals: { id: string; genome: Genome }[] = [];
  const schedule: number[][] = [];
  for (let step = 0; step < rules.stepsPerEpoch; step++) {
    const row: number[] = [];
    for (let b = 0; b < rules.individualsPerStep; b++) {
      const genome = sampleGenome(rules.space, generator(rules.seed, 'warm-up', epoch, step, b));
      const id = genomeId(genome);
      if (!positions.has(id)) positions.set(id, individuals.push({ id, genome }) - 1);
      row.push(positions.get(id)!);
    }
    schedule.push(row);
  }
  return { individuals, schedule };
}

function populationSchedule(rules: SearchRules, state: SearchState): Schedule {
  const individuals = state.population.map((id) => ({ id, genome: state.individuals.get(id)!.genome }));
  const schedule = Array.from({ length: rules.stepsPerEpoch }, (_, step) =>
    Array.from(
      { length: rules.individualsPerStep },
      (_, b) => (state.rotation + step * rules.individualsPerStep + b) % individuals.length,
    ),
  );
  return { individuals, schedule };
}

/** P different uniform draws: the first population of a search without warm-up. */
export function drawPopulation(rules: SearchRules, count: number, taken: ReadonlySet<string>): Genome[] {
  expectUnused(rules.space, taken, count);
  const random = generator(rules.seed, 'population');
  const used = new Set(taken);
  const drawn: Genome[] = [];
  while (drawn.length < count) {
    const genome = sampleGenome(rules.space, random);
    if (used.has(genomeId(genome))) continue;
    used.add(genomeId(genome));
    drawn.push(genome);
  }
  return drawn;
}
