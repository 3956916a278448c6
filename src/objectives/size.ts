/** Model size in MB: parameters × 4 / 2^20 (spec section 1). */
import { pathCost } from '../space/cost.js';
import type { GenomeObjective } from './objective.js';

export const size: GenomeObjective = {
  name: 'size',
  unit: 'MB',
  direction: 'min',
  needs: 'genome',
  measure: ({ space, genome, input }) => ({ value: pathCost(space, genome, input).sizeMB }),
};
