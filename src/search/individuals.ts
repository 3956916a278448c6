/** Individuals of a search state: newcomers, populations, and changes to one that is known. */
import type { Genome } from '../space/genome.js';
import { genomeId } from '../space/genome.js';
import type { Individual, SearchState } from './state.js';

/** Adds those that are not known yet. */
export function withIndividuals(
  state: SearchState,
  newcomers: readonly { readonly id: string; readonly genome: Genome }[],
): SearchState {
  const individuals = newcomers.reduce(
    (known, { id, genome }) =>
      known.has(id) ? known : known.with(id, { id, genome, history: [], trained: 0, diverged: 0 }),
    state.individuals,
  );
  return { ...state, individuals };
}

/** The genomes as the population, in their order; new ones become known. */
export function withPopulation(state: SearchState, genomes: readonly Genome[]): SearchState {
  const members = genomes.map((genome) => ({ id: genomeId(genome), genome }));
  return { ...withIndividuals(state, members), population: members.map(({ id }) => id) };
}

/** Changes what is known of one individual. */
export function withChanged(
  state: SearchState,
  id: string,
  change: (individual: Individual) => Partial<Individual>,
): SearchState {
  const individual = state.individuals.get(id)!;
  return { ...state, individuals: state.individuals.with(id, { ...individual, ...change(individual) }) };
}
