/**
 * A path as the list of numbers that the native kernels read (native/plan.h): its stages and units, and
 * where each tensor lies in the net's flat vector, in the path's gradient and in the path's statistics.
 */
import type { UnitLayout } from '../space/layout.js';
import type { Path, PathStage } from '../space/path.js';
import type { TensorEntry, TensorLists } from '../space/tensors.js';

const KINDS = { stem: 0, calibration: 1, head: 1, block: 2 } as const;

/** Offsets are 32-bit: far beyond the largest net that fits into memory. */
const MOST_FLOATS = 2 ** 31 - 1;

const plans = new WeakMap<Path, Int32Array>();

/** The plan of a path; made once a path. Errors: RangeError for a net beyond 2^31 floats. */
export function planOf(layout: TensorLists, path: Path): Int32Array {
  let plan = plans.get(path);
  if (plan === undefined) {
    plan = makePlan(layout, path);
    plans.set(path, plan);
  }
  return plan;
}

function makePlan(layout: TensorLists, path: Path): Int32Array {
  if (layout.parameterCount > MOST_FLOATS)
    throw new RangeError(
      `expected a net of at most ${MOST_FLOATS} parameters for the native kernels, got ` +
        `${layout.parameterCount}; set engine.native: off`,
    );
  const gradient = offsetsWithin(layout.parameters, path.parameters);
  const statistics = offsetsWithin(layout.statistics, path.statistics);
  const inNet = (index: number): number => layout.parameters[index]!.offset;
  const inGradient = (index: number): number => gradient.get(index)!;
  // A skipped block is the identity: there is nothing to compute.
  const stages = path.stages.filter(({ units }) => units.length > 0);
  const units = stages.flatMap((stage) => stage.units);
  const { inputs, outputs, weight, bias } = path.classifier;
  return Int32Array.from([
    stages.length,
    units.length,
    layout.parameterCount,
    path.parameterCount,
    path.statisticCount,
    inputs,
    outputs,
    inNet(weight),
    inNet(bias),
    inGradient(weight),
    inGradient(bias),
    0,
    ...stageWords(stages),
    ...units.flatMap((unit: UnitLayout) => [
      unit.inputs,
      unit.outputs,
      unit.kernel,
      unit.stride,
      unit.activation === 'relu6' ? 1 : 0,
      inNet(unit.weight),
      inNet(unit.gamma),
      inNet(unit.beta),
      inGradient(unit.weight),
      inGradient(unit.gamma),
      inGradient(unit.beta),
      statistics.get(unit.mean)!,
      statistics.get(unit.variance)!,
    ]),
  ]);
}

/** Kind, first unit and number of units of each stage. */
function stageWords(stages: readonly PathStage[]): number[] {
  let first = 0;
  return stages.flatMap(({ kind, units }) => {
    const words = [KINDS[kind], first, units.length];
    first += units.length;
    return words;
  });
}

/** Where the tensors at `indices` begin when only these stand one after the other. */
function offsetsWithin(entries: readonly TensorEntry[], indices: readonly number[]): Map<number, number> {
  const offsets = new Map<number, number>();
  let end = 0;
  for (const index of indices) {
    offsets.set(index, end);
    end += entries[index]!.size;
  }
  return offsets;
}
