/** Potential: the slope of the individual's accuracy history over epochs (paper section IV, Eq. 5). */
import { BUILT_IN } from '../config/objectives.js';
import { potential as slope } from '../evolution/potential.js';
import type { HistoryObjective } from './objective.js';

export const potential: HistoryObjective = {
  name: 'potential',
  unit: BUILT_IN.potential.unit,
  direction: BUILT_IN.potential.directions[0],
  needs: 'history',
  measure: ({ history }) => slope(history),
};
