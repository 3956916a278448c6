/** Accuracy on D_val: the share of scans predicted right, over all classes (paper section VI). */
import { predictedClasses } from '../training/loss.js';
import { confusionMatrix, predictScans } from '../training/validate.js';
import type { WeightsObjective } from './objective.js';

export const accuracy: WeightsObjective = {
  name: 'accuracy',
  unit: 'share',
  direction: 'max',
  needs: 'weights',
  measure: ({ net, genome, weights, dataset, rules, epoch }) => {
    const logits = predictScans(net, dataset, rules, epoch, genome, weights, dataset.validation);
    const predicted = predictedClasses(logits, net.space.classes);
    const truth = Int32Array.from(dataset.validation, (id) => dataset.label(id));
    const confusion = confusionMatrix(truth, predicted, net.space.classes);
    const correct = truth.reduce((sum, label, i) => sum + (label === predicted[i] ? 1 : 0), 0);
    return { value: correct / truth.length, confusion };
  },
};
