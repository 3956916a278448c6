/**
 * A path of a SuperNet: one architecture, with all that follows from its genome, resolved once.
 *
 * Whatever belongs to a path alone is the concatenation of its tensors in ascending order: its gradient,
 * its batch-norm statistics, and the vector of a slot, which is the one followed by the other.
 */
import type { Genome } from './genome.js';
import { asGenome } from './genome.js';
import type { BaselineName } from './baseline-names.js';
import type { SuperNet, UnitLayout } from './layout.js';
import type { ClassifierLayout } from './tensors.js';

/** A piece of a path, in the order of the forward pass. */
export interface PathStage {
  readonly kind: 'stem' | 'calibration' | 'block' | 'head';
  /** Position in the genome, for a block; position of the cell, for a calibration; else 0. */
  readonly index: number;
  /** Empty for `skip`. A block with units adds its input to its output. */
  readonly units: readonly UnitLayout[];
}

export interface Path {
  readonly genome: Genome;
  /** The network designed by hand that stands in the place of a path, a member of a cohort; else null. */
  readonly baseline: BaselineName | null;
  /** In forward order; none of a baseline, whose layers follow from its name. */
  readonly stages: readonly PathStage[];
  /** What follows the last stage and the pooling. */
  readonly classifier: ClassifierLayout;
  /** Ascending indices into the net's `parameters` of the tensors on the path. */
  readonly parameters: readonly number[];
  /** Ascending indices into the net's `statistics`. */
  readonly statistics: readonly number[];
  /** Floats of the path's gradient, and of its statistics. */
  readonly parameterCount: number;
  readonly statisticCount: number;
  /** Floats of a slot's vector: gradient, then statistics. */
  readonly vectorLength: number;
}

/** The path of a genome. Errors: RangeError if the genome is not of the space. */
export function resolvePath({ space, layout }: SuperNet, names: readonly string[]): Path {
  const genome = asGenome(space, names);
  const stages = stagesOf({ space, layout }, genome);
  const units = stages.flatMap((stage) => stage.units);
  const parameters = [
    ...units.flatMap((unit) => [unit.weight, unit.gamma, unit.beta]),
    layout.classifier.weight,
    layout.classifier.bias,
  ];
  const statistics = units.flatMap((unit) => [unit.mean, unit.variance]);
  const parameterCount = parameters.reduce((sum, index) => sum + layout.parameters[index]!.size, 0);
  const statisticCount = statistics.reduce((sum, index) => sum + layout.statistics[index]!.size, 0);
  return {
    genome,
    baseline: null,
    stages,
    classifier: layout.classifier,
    parameters,
    statistics,
    parameterCount,
    statisticCount,
    vectorLength: parameterCount + statisticCount,
  };
}

function stagesOf({ layout }: SuperNet, genome: Genome): PathStage[] {
  const stages: PathStage[] = [{ kind: 'stem', index: 0, units: [layout.stem] }];
  let position = 0;
  layout.cells.forEach((cell, index) => {
    stages.push({ kind: 'calibration', index, units: [cell.calibration] });
    for (const candidates of cell.blocks) {
      const units = candidates[genome[position]!];
      if (units === undefined)
        throw new RangeError(
          `expected a layout of the same search space: block ${position} has no "${genome[position]!}"`,
        );
      stages.push({ kind: 'block', index: position, units });
      position++;
    }
  });
  stages.push({ kind: 'head', index: 0, units: [layout.head] });
  return stages;
}
