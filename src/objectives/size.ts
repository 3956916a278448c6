/** Model size in MB: parameters × 4 / 2^20 (spec section 1). */
import { BUILT_IN } from '../config/objectives.js';
import { pathCost } from '../space/cost.js';
import type { GenomeObjective } from './objective.js';

export const size: GenomeObjective = {
  name: 'size',
  unit: BUILT_IN.size.unit,
  direction: BUILT_IN.size.directions[0],
  needs: 'genome',
  measure: ({ space, genome, input }) => ({ value: pathCost(space, genome, input).sizeMB }),
};
