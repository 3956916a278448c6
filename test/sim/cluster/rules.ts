/** The searches that are simulated: small, but each with what a search can have. */
import { potential } from '#emars/evolution/potential.js';
import type { SearchRules } from '#emars/search/state.js';
import type { Genome } from '#emars/space/genome.js';
import { genomeId } from '#emars/space/genome.js';

const OPERATIONS = ['mb_k3_e3', 'mb_k5_e3', 'mb_k7_e3', 'skip'] as const;

/** A search with all kinds of objectives; tests of other rooms vary it, too. */
export const BASE: SearchRules = {
  seed: 5,
  space: {
    stem: 4,
    widths: [4, 8],
    strides: [2, 2],
    blocks: [2, 1],
    operations: OPERATIONS,
    head: 8,
    classes: 2,
  },
  cohort: null,
  warmupEpochs: 1,
  warmupCandidates: 5,
  epochs: 2,
  population: 4,
  keep: 2,
  variation: { crossoverProbability: 0.3, mutationProbability: 0.2 },
  selector: 'nsga3',
  partitions: null,
  objectives: [
    { name: 'accuracy', direction: 'max', unit: 'share', needs: 'weights', selects: true },
    { name: 'size', direction: 'min', unit: 'MB', needs: 'genome', selects: true },
    { name: 'potential', direction: 'max', unit: 'share/epoch', needs: 'history', selects: true },
  ],
  stepsPerEpoch: 3,
  individualsPerStep: 2,
  microBatches: 1,
};

/** What is special about a search beside its rules. */
export interface SearchCase {
  readonly name: string;
  readonly rules: SearchRules;
  /** True for vectors that are no numbers, whichever trainer computes them: the slot is settled as diverged. */
  readonly isDiverging: (step: number, slot: number) => boolean;
  /** True for individuals that cannot be measured by any worker. */
  readonly isUnmeasurable: (id: string, objective: string) => boolean;
}

const never = (): boolean => false;

export const CASES: readonly SearchCase[] = [
  { name: 'warm-up, then two epochs', rules: BASE, isDiverging: never, isUnmeasurable: never },
  {
    name: 'no warm-up, micro-batches, a gradient that is never a number',
    rules: { ...BASE, seed: 6, warmupEpochs: 0, microBatches: 2, stepsPerEpoch: 2, selector: 'nsga2' },
    isDiverging: (step, slot) => step === 1 && slot === 2,
    isUnmeasurable: never,
  },
  {
    name: 'one slot a step, an individual that cannot be measured',
    rules: {
      ...BASE,
      seed: 7,
      warmupEpochs: 2,
      epochs: 1,
      individualsPerStep: 1,
      objectives: [
        ...BASE.objectives,
        { name: 'robustness', direction: 'max', unit: 'share', needs: 'weights', selects: true },
      ],
    },
    isDiverging: never,
    isUnmeasurable: (id, objective) => objective === 'robustness' && Number.parseInt(id[0]!, 16) < 3,
  },
  {
    name: 'more slots than trainers, epochs that do not divide',
    rules: { ...BASE, seed: 8, individualsPerStep: 3, population: 5, keep: 3, stepsPerEpoch: 4, epochs: 1 },
    isDiverging: never,
    isUnmeasurable: never,
  },
];

/** A number in [0, 1) that follows from the words. */
function hashed(...words: readonly string[]): number {
  let h = 0x811c9dc5;
  for (const character of words.join('\n')) h = Math.imul(h ^ character.charCodeAt(0), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
}

/** An objective of weights: what an evaluator would measure on a snapshot. */
export function measuredOnWeights(snapshot: string, genome: Genome, objective: string): number {
  return Math.fround(hashed(snapshot, genomeId(genome), objective));
}

/** An objective that needs no weights. */
export function measuredLocally(
  objective: string,
  { genome, history }: { genome: Genome; history: readonly (readonly [number, number])[] },
): { readonly value: number; readonly defined: boolean } {
  if (objective === 'potential') return potential(history);
  return { value: Math.fround(1 + hashed(genomeId(genome), objective)), defined: true };
}
