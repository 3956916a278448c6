/** Floating-point operations of one forward pass of one scan, all three kernel dimensions counted. */
import { BUILT_IN } from '../config/objectives.js';
import { pathCost } from '../space/cost.js';
import type { GenomeObjective } from './objective.js';

export const flops: GenomeObjective = {
  name: 'flops',
  unit: BUILT_IN.flops.unit,
  direction: BUILT_IN.flops.directions[0],
  needs: 'genome',
  measure: ({ space, genome, input }) => ({ value: pathCost(space, genome, input).flops }),
};
