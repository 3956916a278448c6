/** Floating-point operations of one forward pass of one scan, all three kernel dimensions counted. */
import { pathCost } from '../space/cost.js';
import type { GenomeObjective } from './objective.js';

export const flops: GenomeObjective = {
  name: 'flops',
  unit: 'FLOP',
  direction: 'min',
  needs: 'genome',
  measure: ({ space, genome, input }) => ({ value: pathCost(space, genome, input).flops }),
};
