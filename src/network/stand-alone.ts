/**
 * A path of a SuperNet taken out of it: the same stages with tensors of its own, numbered from 0.
 *
 * Its parameters are the path's share of the SuperNet's, in path order (`gatherTensors`), and its gradient
 * and statistics have the order of a path's slot vector.
 */
import { separated } from '../space/cohort.js';
import type { Genome } from '../space/genome.js';
import type { SearchSpace } from '../space/space.js';
import { runStage } from './blocks.js';
import type { Network } from './network.js';

/** The network of a genome. Errors: RangeError if the genome is not of the space. */
export function standAloneNetwork(space: SearchSpace, genome: Genome): Network {
  const { layout, paths } = separated(space, [genome], () => '');
  const { stages, classifier } = paths[0]!;
  // Padding k//2 centres output i of a stride-s convolution on its input s·i.
  const stride = stages.reduce(
    (product, stage) => stage.units.reduce((held, { stride: step }) => held * step, product),
    1,
  );
  return {
    grid: { depth: { stride, offset: 0 }, plane: { stride, offset: 0 } },
    layout: { ...layout, classifier },
    features: (images, { weights, normalise }) =>
      stages.reduce((map, stage) => runStage(stage, map, weights, normalise), images),
  };
}
