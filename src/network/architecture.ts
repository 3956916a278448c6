/**
 * An architecture as data, and the network that follows from it: a path of a search space, or a baseline
 * by name.
 */
import type { Genome } from '../space/genome.js';
import type { SearchSpace } from '../space/space.js';
import type { BaselineName } from '../space/baseline-names.js';
import type { BaselineDesign } from './baselines/catalogue.js';
import { baselineDesign, baselineLayout, CHANNELS } from './baselines/catalogue.js';
import { runLayers } from './baselines/forward.js';
import { gridOf } from './baselines/grid.js';
import type { Network } from './network.js';
import { standAloneNetwork } from './stand-alone.js';

export type Architecture =
  | { readonly kind: 'path'; readonly space: SearchSpace; readonly genome: Genome }
  | { readonly kind: 'baseline'; readonly baseline: BaselineName; readonly classes: number };

/** The same architecture with a classifier for another number of classes: what transfer retrains. */
export function withClasses(architecture: Architecture, classes: number): Architecture {
  return architecture.kind === 'path'
    ? { ...architecture, space: { ...architecture.space, classes } }
    : { ...architecture, classes };
}

/** The network of an architecture. Errors: RangeError if a genome is not of its space. */
export function networkOf(architecture: Architecture): Network {
  return architecture.kind === 'path'
    ? standAloneNetwork(architecture.space, architecture.genome)
    : baselineNetwork(baselineDesign(architecture.baseline), architecture.classes);
}

/** The network of a baseline's design, on scans of one channel. */
export function baselineNetwork(design: BaselineDesign, classes: number): Network {
  const layout = baselineLayout(design, { channels: CHANNELS, classes });
  const layers = layout.groups.flatMap((group) => group.layers);
  return {
    layout,
    grid: gridOf(layers),
    features: (images, { weights, normalise }) => runLayers(layers, images, weights, normalise),
  };
}
