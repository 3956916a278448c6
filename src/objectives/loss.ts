/**
 * Cross-entropy on D_val, nats: what a retraining chooses its epoch and its network by. With few scans it
 * tells more than accuracy, which moves in steps of one scan.
 */
import { BUILT_IN } from '../config/objectives.js';
import { predictScans } from '../training/validate.js';
import { crossEntropy } from '../training/loss.js';
import type { WeightsObjective } from './objective.js';

export const loss: WeightsObjective = {
  name: 'loss',
  unit: BUILT_IN.loss.unit,
  direction: BUILT_IN.loss.directions[0],
  needs: 'weights',
  measure: (subject) => {
    const { dataset } = subject;
    const logits = predictScans(subject, dataset.validation);
    return { value: crossEntropy(logits, dataset.labelsOf(dataset.validation)) };
  },
};
