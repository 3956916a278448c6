/**
 * Latency: milliseconds to predict one scan on the evaluator's device, the median of several runs
 * after one that warms up. Measured, so not repeatable to the bit: a search with it is not either.
 */
import { BUILT_IN } from '../config/objectives.js';
import { predictScans } from '../training/validate.js';
import type { WeightsObjective } from './objective.js';

const RUNS = 7;

export const latency: WeightsObjective = {
  name: 'latency',
  unit: BUILT_IN.latency.unit,
  direction: BUILT_IN.latency.directions[0],
  needs: 'weights',
  measure: (subject) => {
    const scan = subject.dataset.validation.slice(0, 1);
    const once = { ...subject, rules: { ...subject.rules, batchNorm: 'running' as const } };
    const times: number[] = [];
    for (let run = 0; run <= RUNS; run++) {
      const start = performance.now();
      predictScans(once, scan);
      if (run > 0) times.push(performance.now() - start);
    }
    return { value: times.sort((a, b) => a - b)[Math.floor(RUNS / 2)]! };
  },
};
