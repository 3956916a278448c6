/** Potential: the slope of the individual's accuracy history over epochs (paper section IV, Eq. 5). */
import { potential as slope } from '../evolution/potential.js';
import type { HistoryObjective } from './objective.js';

export const potential: HistoryObjective = {
  name: 'potential',
  unit: 'share/epoch',
  direction: 'max',
  needs: 'history',
  measure: ({ history }) => slope(history),
};
