/** Accuracy on D_val: the share of scans predicted right, over all classes (paper section VI). */
import { BUILT_IN } from '../config/objectives.js';
import { predictedClasses } from '../training/loss.js';
import { confusionMatrix, predictScans } from '../training/validate.js';
import type { WeightsObjective } from './objective.js';

export const accuracy: WeightsObjective = {
  name: 'accuracy',
  unit: BUILT_IN.accuracy.unit,
  direction: BUILT_IN.accuracy.directions[0],
  needs: 'weights',
  measure: (subject) => {
    const { path, dataset } = subject;
    const classes = path.classifier.outputs;
    const predicted = predictedClasses(predictScans(subject, dataset.validation), classes);
    const truth = dataset.labelsOf(dataset.validation);
    const confusion = confusionMatrix(truth, predicted, classes);
    const correct = truth.reduce((sum, label, i) => sum + (label === predicted[i] ? 1 : 0), 0);
    return { value: correct / truth.length, confusion };
  },
};
