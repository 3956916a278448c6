/**
 * A baseline that is a member of a cohort. Its tensors lie behind those of the members before it, in the
 * order of its own layout, so that numbers in its layers are counted from the first of them.
 */
import type { BaselineName } from '../../space/baseline-names.js';
import type { Path } from '../../space/path.js';
import type { FeatureMap, Normalise, Weights } from '../blocks.js';
import type { BaselineLayout } from './catalogue.js';
import { baselineDesign, baselineLayout, CHANNELS } from './catalogue.js';
import { runLayers } from './forward.js';

/** The layout of a baseline on scans. */
export function baselineOnScans(baseline: BaselineName, classes: number): BaselineLayout {
  return baselineLayout(baselineDesign(baseline), { channels: CHANNELS, classes });
}

/** The last feature map. `weights` and `normalise` know tensors by their numbers in the cohort. */
export function memberFeatures(
  baseline: BaselineName,
  { classifier, parameters, statistics }: Path,
  images: FeatureMap,
  { weights, normalise }: { readonly weights: Weights; readonly normalise: Normalise },
): FeatureMap {
  const { groups } = baselineOnScans(baseline, classifier.outputs);
  const firstParameter = parameters[0]!;
  const firstStatistic = statistics[0]!;
  const inCohort: Normalise = (norm, x) =>
    normalise(
      {
        ...norm,
        gamma: firstParameter + norm.gamma,
        beta: firstParameter + norm.beta,
        mean: firstStatistic + norm.mean,
        variance: firstStatistic + norm.variance,
      },
      x,
      weights,
    );
  const layers = groups.flatMap((group) => group.layers);
  return runLayers(layers, images, (index) => weights(firstParameter + index), inCohort);
}
