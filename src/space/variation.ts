/**
 * Sampling, crossover and mutation on one-hot codes (paper Alg. 1, Fig. 3).
 * Pure: every function consumes numbers of the generator it is given.
 */
import { EmarsError } from '../errors/error.js';
import type { Generator } from '../random/generator.js';
import type { Genome } from './genome.js';
import { genomeId } from './genome.js';
import type { Operation, SearchSpace } from './space.js';
import { blockCount } from './space.js';

/** A uniform draw: each operation with probability 1/|operations| (paper section IV-B, warm-up). */
export function sampleGenome(space: SearchSpace, random: Generator): Genome {
  return Array.from({ length: blockCount(space) }, () => random.pick(space.operations));
}

/** Swaps each pair of codes with probability `probability` (p_c); both children are returned. */
export function crossover(a: Genome, b: Genome, probability: number, random: Generator): [Genome, Genome] {
  const left: Operation[] = [...a];
  const right: Operation[] = [...b];
  for (let block = 0; block < left.length; block++) {
    if (random.chance(probability)) {
      left[block] = b[block]!;
      right[block] = a[block]!;
    }
  }
  return [left, right];
}

/** Replaces each code with probability `probability` (p_m) by one of the other operations. */
export function mutate(space: SearchSpace, genome: Genome, probability: number, random: Generator): Genome {
  return genome.map((operation) => {
    if (!random.chance(probability) || space.operations.length < 2) return operation;
    return random.pick(space.operations.filter((other) => other !== operation));
  });
}

/** Probabilities of variation. */
/** The search space has too few networks for the population asked for. */
export class SpaceExhausted extends EmarsError {
  override readonly name = 'SpaceExhausted';
  readonly kind = 'usage';
}

export interface VariationOptions {
  /** p_c, 0…1. */
  readonly crossoverProbability: number;
  /** p_m, 0…1. */
  readonly mutationProbability: number;
}

export interface Brood {
  /** Ids that no offspring may have. */
  readonly taken: ReadonlySet<string>;
  /** Offspring wanted. */
  readonly count: number;
  readonly variation: VariationOptions;
  /** Generator of the i-th offspring. */
  readonly streamOf: (index: number) => Generator;
}

/** Errors: SpaceExhausted if the space has fewer than `count` genomes that are not taken. */
export function expectUnused(space: SearchSpace, taken: ReadonlySet<string>, count: number): void {
  const capacity = Math.pow(space.operations.length, blockCount(space)) - taken.size;
  if (capacity < count)
    throw new SpaceExhausted(
      `expected at least ${count} unused genomes in the search space, got ${capacity}; widen the ` +
        'space or lower evolution.population',
    );
}

/** Tries before a duplicate is replaced by uniform draws; keeps breeding finite in a crowded space. */
const BREEDING_TRIES = 64;

/**
 * New genomes from selected parents, none equal to `taken` or to each other (paper Alg. 1, lines after
 * selection): draw p; p > 0.5 gives a random genome, else crossover and mutation of two
 * different parents (a single parent is only mutated).
 *
 * Errors: SpaceExhausted if the space has fewer unused genomes than `count`.
 */
export function breed(
  space: SearchSpace,
  parents: readonly Genome[],
  { taken, count, variation, streamOf }: Brood,
): Genome[] {
  expectUnused(space, taken, count);
  const used = new Set(taken);
  const offspring: Genome[] = [];
  for (let index = 0; index < count; index++) {
    const random = streamOf(index);
    let child = propose(space, parents, variation, random);
    for (let tries = 1; used.has(genomeId(child)); tries++) {
      child =
        tries < BREEDING_TRIES ? propose(space, parents, variation, random) : sampleGenome(space, random);
    }
    used.add(genomeId(child));
    offspring.push(child);
  }
  return offspring;
}

function propose(
  space: SearchSpace,
  parents: readonly Genome[],
  options: VariationOptions,
  random: Generator,
): Genome {
  if (parents.length === 0 || random.uniform() > 0.5) return sampleGenome(space, random);
  const first = random.integer(parents.length);
  if (parents.length === 1) return mutate(space, parents[first]!, options.mutationProbability, random);
  const second = (first + 1 + random.integer(parents.length - 1)) % parents.length;
  const [child] = crossover(parents[first]!, parents[second]!, options.crossoverProbability, random);
  return mutate(space, child, options.mutationProbability, random);
}
