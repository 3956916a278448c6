/** Measures objectives that need weights, on the TensorFlow thread; keeps one snapshot loaded. */
import { builtinObjectives } from '../../objectives/builtin.js';
import type { Objective, Measured } from '../../objectives/objective.js';
import { checkedMeasurement } from '../../objectives/objective.js';
import { readSnapshot } from '../../runtime/storage/snapshots.js';
import { pathIn } from '../../space/cohort.js';
import type { SharedWeights } from '../../training/snapshot.js';
import { decodeWeights } from '../../training/snapshot.js';
import type { EvaluationKey, Measurer } from './evaluation-taker.js';
import { runFolder } from '../../run/folder.js';
import { trace } from '../../runtime/trace/trace.js';
import { OwnObjectives } from '../objective/own-objectives.js';
import { validationOf } from '../setup/rules.js';
import type { Workbench } from './workbench.js';

export class EvaluationBench implements Measurer {
  private loaded: { readonly sha256: string; readonly weights: SharedWeights } | null = null;

  constructor(
    private readonly workbench: Workbench,
    private readonly objectives: ReadonlyMap<string, Objective>,
    private readonly snapshots: string,
  ) {}

  /** Errors: SnapshotError, SnapshotFormatError, and whatever the objective throws. */
  async measure({ epoch, snapshot, genome, objective }: EvaluationKey): Promise<Measured> {
    const { net, dataset, options, kernels, signals } = this.workbench;
    const found = this.objectives.get(objective);
    if (found?.needs !== 'weights')
      throw new RangeError(`expected an objective that needs weights, got "${objective}"`);
    const weights = await this.weights(snapshot);
    const subject = {
      net,
      dataset,
      path: pathIn(net, genome),
      weights,
      rules: validationOf(options),
      epoch,
      kernels,
    };
    const from = trace.now();
    const measured = signals.during(() => found.measure(subject));
    trace.span('compute', `measure ${objective}`, from, { args: { epoch } });
    return checkedMeasurement(objective, measured);
  }

  private async weights(sha256: string): Promise<SharedWeights> {
    if (this.loaded?.sha256 === sha256) return this.loaded.weights;
    this.loaded = null;
    const bytes = await trace.during('disk', 'read snapshot', () => readSnapshot(this.snapshots, sha256));
    const weights = decodeWeights(this.workbench.net.layout, bytes);
    this.loaded = { sha256, weights };
    return weights;
  }
}

/** What a worker of a run measures by: built-in objectives on its own thread, modules of users in sandboxes. */
export function measurerOf(workbench: Workbench, root: string, addon: string | null): Measurer['measure'] {
  const bench = new EvaluationBench(workbench, builtinObjectives, runFolder(root).snapshots);
  const own = new OwnObjectives(workbench.options, { root, addon });
  return (key) => (own.has(key.objective) ? own.measure(key.objective, key) : bench.measure(key));
}
