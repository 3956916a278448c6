/**
 * A path of a SuperNet taken out of it: the same stages with tensors of its own, numbered from 0.
 *
 * Its parameters are the path's share of the SuperNet's, in path order (`gatherTensors`), and its gradient
 * and statistics have the order of a path's slot vector.
 */
import type { Genome } from '../space/genome.js';
import type { UnitLayout } from '../space/layout.js';
import { superNetLayout } from '../space/layout.js';
import type { PathStage } from '../space/path.js';
import { resolvePath } from '../space/path.js';
import type { SearchSpace } from '../space/space.js';
import type { TensorEntry } from '../space/tensors.js';
import { runStage } from './blocks.js';
import type { Network } from './network.js';

/** The chosen tensors one after the other, and their new index by the old one. */
function renumber(
  entries: readonly TensorEntry[],
  indices: readonly number[],
): { readonly entries: TensorEntry[]; readonly count: number; readonly indexOf: (old: number) => number } {
  let count = 0;
  const byOld = new Map<number, number>();
  const taken = indices.map((index, position) => {
    const entry = { ...entries[index]!, offset: count };
    count += entry.size;
    byOld.set(index, position);
    return entry;
  });
  return { entries: taken, count, indexOf: (old) => byOld.get(old)! };
}

/** The network of a genome. Errors: RangeError if the genome is not of the space. */
export function standAloneNetwork(space: SearchSpace, genome: Genome): Network {
  const superNet = superNetLayout(space);
  const path = resolvePath({ space, layout: superNet }, genome);
  const parameters = renumber(superNet.parameters, path.parameters);
  const statistics = renumber(superNet.statistics, path.statistics);
  const unit = (old: UnitLayout): UnitLayout => ({
    ...old,
    weight: parameters.indexOf(old.weight),
    gamma: parameters.indexOf(old.gamma),
    beta: parameters.indexOf(old.beta),
    mean: statistics.indexOf(old.mean),
    variance: statistics.indexOf(old.variance),
  });
  const stages = path.stages.map((stage): PathStage => ({
    ...stage,
    units: stage.units.map(unit),
  }));
  const { classifier } = superNet;
  // Padding k//2 centres output i of a stride-s convolution on its input s·i.
  const stride = stages.reduce(
    (product, stage) => stage.units.reduce((held, { stride: step }) => held * step, product),
    1,
  );
  return {
    grid: { depth: { stride, offset: 0 }, plane: { stride, offset: 0 } },
    layout: {
      parameters: parameters.entries,
      statistics: statistics.entries,
      parameterCount: parameters.count,
      statisticCount: statistics.count,
      classifier: {
        ...classifier,
        weight: parameters.indexOf(classifier.weight),
        bias: parameters.indexOf(classifier.bias),
      },
    },
    features: (images, { weights, normalise }) =>
      stages.reduce((map, stage) => runStage(stage, map, weights, normalise), images),
  };
}
