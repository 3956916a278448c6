/**
 * NSGA-III on a real-valued problem: random start, then generations of variation and our selection
 * with its remembered state (the problem is stationary).
 *
 * Source: Deb & Jain 2014, Algorithm 1. Like the peer, it breeds again what repeats an individual of
 * the population or an earlier child.
 */
import type { SelectorState } from '#emars/evolution/selector.js';
import { selectSurvivors } from '#emars/evolution/selector.js';
import { generator } from '#emars/random/generator.js';
import type { Case } from './problems.js';
import { evaluate } from './problems.js';
import { crossover, drawParents, mutate } from './variation.js';

/** Rounds of mating in one generation before it is content with fewer children. */
const MATING_ROUNDS = 100;

/** The objective values [N][M] of the last population. */
export function runNsga3(problem: Case, seed: number): number[][] {
  const start = generator(seed, 'bench-start');
  let population: Float64Array[] = Array.from({ length: problem.population }, () =>
    Float64Array.from({ length: problem.variables }, () => start.uniform()),
  );
  let values = population.map((x) => evaluate(problem, x));
  let state: SelectorState | undefined;
  for (let generation = 0; generation < problem.generations; generation++) {
    const children = breed(population, problem.population, seed, generation);
    const candidates = [...population, ...children];
    const candidateValues = [...values, ...children.map((x) => evaluate(problem, x))];
    const result = selectSurvivors({
      values: candidateValues,
      directions: problem.scale.map(() => 'min' as const),
      keep: problem.population,
      selector: 'nsga3',
      references: problem.directions,
      random: generator(seed, 'bench-select', generation),
      ...(state === undefined ? {} : { state }),
    });
    state = result.state;
    population = result.selected.map((i) => candidates[i]!);
    values = result.selected.map((i) => candidateValues[i]!);
  }
  return values;
}

function breed(
  population: readonly Float64Array[],
  count: number,
  seed: number,
  generation: number,
): Float64Array[] {
  const random = generator(seed, 'bench-breed', generation);
  const children: Float64Array[] = [];
  for (let round = 0; children.length < count && round < MATING_ROUNDS; round++) {
    const parents = drawParents(population.length, 2 * Math.ceil((count - children.length) / 2), random);
    for (let k = 0; k < parents.length; k += 2) {
      for (const child of crossover(population[parents[k]!]!, population[parents[k + 1]!]!, random)) {
        mutate(child, random);
        if (children.length < count && !repeats(child, population) && !repeats(child, children))
          children.push(child);
      }
    }
  }
  return children;
}

function repeats(x: Float64Array, others: readonly Float64Array[]): boolean {
  return others.some((other) => other.every((value, j) => value === x[j]));
}
