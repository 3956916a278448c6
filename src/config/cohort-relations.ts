/** What a given cohort must be, and what cannot be measured of it. */
import { baselineOf } from '../space/baseline-names.js';
import type { Relation } from './relation.js';
import { duplicate, unless } from './relation.js';

export const cohortRelations: readonly Relation[] = [
  {
    reads: ['cohort', 'supernet.blocks', 'supernet.operations'],
    check: ({ cohort, supernet: { blocks, operations } }) => {
      const length = blocks.reduce((sum, count) => sum + count, 0);
      const foreign = (cohort ?? []).find(
        (genome) =>
          baselineOf(genome) === null &&
          (genome.length !== length || genome.some((name) => !operations.includes(name))),
      );
      const twice = duplicate((cohort ?? []).map((genome) => genome.join(' ')));
      return unless(
        foreign === undefined && twice === undefined,
        `different genomes of ${length} operations of supernet.operations`,
        foreign?.join(' ') ?? `${twice ?? ''} twice`,
        'give the search space that the genomes are of',
      );
    },
  },
  {
    reads: ['cohortWeights', 'cohort'],
    check: ({ cohortWeights, cohort }) =>
      unless(
        cohortWeights === null || cohortWeights.length === cohort?.length,
        'as many files as members of the cohort',
        `${cohortWeights?.length ?? 0} files for ${cohort?.length ?? 0} members`,
        'name one a member, in its order, or null to draw the weights',
      ),
  },
  {
    reads: ['objectives', 'cohort'],
    check: ({ objectives, cohort }) => {
      const ofGenomes = objectives.find(({ name }) => name === 'size' || name === 'flops');
      const baseline = (cohort ?? []).find((member) => baselineOf(member) !== null);
      return unless(
        ofGenomes === undefined || baseline === undefined,
        'objectives that need no genome where a baseline is trained',
        `${ofGenomes?.name ?? ''} for ${baseline?.join(' ') ?? ''}`,
        'use loss and accuracy',
      );
    },
  },
];
