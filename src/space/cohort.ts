/**
 * A cohort: networks that are trained side by side, each with weights of its own. Its tensors are the
 * disjoint union of the members' networks, so that all that trains a SuperNet trains a cohort too: a
 * member is a path that shares nothing.
 */
import type { BaselineName } from './baseline-names.js';
import { baselineOf } from './baseline-names.js';
import type { Genome } from './genome.js';
import { genomeId } from './genome.js';
import type { SuperNet, UnitLayout } from './layout.js';
import { superNetOf } from './layout.js';
import type { Path } from './path.js';
import { resolvePath } from './path.js';
import type { SearchSpace } from './space.js';
import type { NetworkLayout, TensorEntry, TensorLists } from './tensors.js';

export interface Cohort {
  readonly space: SearchSpace;
  readonly layout: TensorLists;
  /** By id of the genome; of a baseline, of the list of its name. */
  readonly members: ReadonlyMap<string, Path>;
}

/** Whatever a run trains: a SuperNet whose paths share weights, or networks that share none. */
export type Net = SuperNet | Cohort;

/**
 * The cohort of some genomes of a space, or baselines by name. Errors: RangeError for a foreign genome or a
 * member that comes twice.
 */
export function cohortOf(
  space: SearchSpace,
  members: readonly (readonly string[])[],
  layoutOf: (baseline: BaselineName) => NetworkLayout,
): Cohort {
  const superNet = superNetOf(space);
  const parts = members.map((names) => {
    const baseline = baselineOf(names);
    if (baseline === null) return { from: superNet.layout, path: resolvePath(superNet, names) };
    const from = layoutOf(baseline);
    return { from, path: wholeNetwork(baseline, from) };
  });
  const { layout, paths } = joined(parts, (index) => `member${String(index).padStart(2, '0')}/`);
  const byId = new Map(paths.map((path) => [genomeId(path.genome), path]));
  if (byId.size < paths.length)
    throw new RangeError(`expected each member once, got ${paths.length - byId.size} twice`);
  return { space, layout, members: byId };
}

/** A baseline as a path that uses all tensors of its layout. */
function wholeNetwork(baseline: BaselineName, layout: NetworkLayout): Path {
  const { parameters, statistics, parameterCount, statisticCount, classifier } = layout;
  return {
    genome: [baseline] as readonly string[] as Genome,
    baseline,
    stages: [],
    classifier,
    parameters: parameters.map((_, index) => index),
    statistics: statistics.map((_, index) => index),
    parameterCount,
    statisticCount,
    vectorLength: parameterCount + statisticCount,
  };
}

/**
 * Paths of a space taken out of its SuperNet: the same stages with tensors of their own, one path's after
 * the other's, each in path order. Errors: RangeError for a genome that is not of the space.
 */
export function separated(
  space: SearchSpace,
  genomes: readonly (readonly string[])[],
  prefixOf: (index: number) => string,
): { readonly layout: TensorLists; readonly paths: readonly Path[] } {
  const superNet = superNetOf(space);
  return joined(
    genomes.map((names) => ({ from: superNet.layout, path: resolvePath(superNet, names) })),
    prefixOf,
  );
}

/** Copies of networks, one after the other in tensor lists of their own. */
function joined(
  parts: readonly { readonly from: TensorLists; readonly path: Path }[],
  prefixOf: (index: number) => string,
): { readonly layout: TensorLists; readonly paths: readonly Path[] } {
  const parameters = new Union();
  const statistics = new Union();
  const paths = parts.map(({ from, path }, index) => {
    const parameter = parameters.add(prefixOf(index), from.parameters, path.parameters);
    const statistic = statistics.add(prefixOf(index), from.statistics, path.statistics);
    return renumbered(path, parameter, statistic);
  });
  return {
    layout: {
      parameters: parameters.entries,
      statistics: statistics.entries,
      parameterCount: parameters.count,
      statisticCount: statistics.count,
    },
    paths,
  };
}

/** The network that a genome names in a net. Errors: RangeError if it names none. */
export function pathIn(net: Net, names: readonly string[]): Path {
  if (!('members' in net)) return resolvePath(net, names);
  const member = net.members.get(genomeId(names as Genome));
  if (member === undefined)
    throw new RangeError(
      `expected one of the ${net.members.size} networks of the run, got ${names.join(' ')}`,
    );
  return member;
}

/** The networks of a cohort in its order; none of a SuperNet. */
export function membersOf(net: Net): readonly Path[] {
  return 'members' in net ? [...net.members.values()] : [];
}

/** Floats of the longest slot vector that a network of the net can have, or a little more. */
export function longestVector(net: Net): number {
  if ('members' in net) return Math.max(...[...net.members.values()].map((path) => path.vectorLength));
  return net.layout.parameterCount + net.layout.statisticCount;
}

type Renumber = (old: number) => number;

/** Tensor lists one after the other. */
class Union {
  readonly entries: TensorEntry[] = [];
  count = 0;

  /** Appends the tensors at `indices`; gives the new index of an old one. */
  add(prefix: string, from: readonly TensorEntry[], indices: readonly number[]): Renumber {
    const first = this.entries.length;
    const positions = new Map<number, number>();
    indices.forEach((index, position) => {
      const entry = from[index]!;
      this.entries.push({ ...entry, name: prefix + entry.name, offset: this.count });
      this.count += entry.size;
      positions.set(index, first + position);
    });
    return (old) => positions.get(old)!;
  }
}

function renumbered(path: Path, parameter: Renumber, statistic: Renumber): Path {
  const unit = (old: UnitLayout): UnitLayout => ({
    ...old,
    weight: parameter(old.weight),
    gamma: parameter(old.gamma),
    beta: parameter(old.beta),
    mean: statistic(old.mean),
    variance: statistic(old.variance),
  });
  const { weight, bias } = path.classifier;
  return {
    ...path,
    stages: path.stages.map((stage) => ({ ...stage, units: stage.units.map(unit) })),
    parameters: path.parameters.map(parameter),
    statistics: path.statistics.map(statistic),
    classifier: { ...path.classifier, weight: parameter(weight), bias: parameter(bias) },
  };
}
