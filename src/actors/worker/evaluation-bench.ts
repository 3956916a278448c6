/** Measures objectives that need weights, on the TensorFlow thread; keeps one snapshot loaded. */
import type { Objective, Measured } from '../../objectives/objective.js';
import { checkedMeasurement } from '../../objectives/objective.js';
import { readSnapshot } from '../../runtime/storage/snapshots.js';
import { asGenome } from '../../space/genome.js';
import { Replica, replicaBytes } from '../../training/replica.js';
import type { EvaluationKey, Measurer } from './evaluation-taker.js';
import { learningRateOf, optimizerOf, validationOf } from '../setup/rules.js';
import type { Workbench } from './workbench.js';

export class EvaluationBench implements Measurer {
  private replica: Replica | null = null;
  private loaded = '';

  constructor(
    private readonly workbench: Workbench,
    private readonly objectives: readonly Objective[],
    private readonly snapshots: string,
  ) {}

  /** Errors: SnapshotError, SnapshotFormatError, and whatever the objective throws. */
  async measure({ epoch, snapshot, genome, objective }: EvaluationKey): Promise<Measured> {
    const { net, dataset, options } = this.workbench;
    const found = this.objectives.find(({ name }) => name === objective);
    if (found?.needs !== 'weights')
      throw new RangeError(`expected an objective that needs weights, got "${objective}"`);
    const weights = await this.weights(snapshot);
    return checkedMeasurement(
      objective,
      found.measure({
        net,
        dataset,
        genome: asGenome(net.space, genome),
        weights,
        rules: validationOf(options),
        epoch,
      }),
    );
  }

  private async weights(sha256: string): Promise<Replica> {
    if (this.replica !== null && this.loaded === sha256) return this.replica;
    const { net, dataset, options } = this.workbench;
    this.replica ??= new Replica(
      net.layout,
      optimizerOf(options),
      learningRateOf(options, dataset.training.length),
      new ArrayBuffer(replicaBytes(net.layout, options.training.optimizer)),
    );
    this.loaded = '';
    this.replica.restore(await readSnapshot(this.snapshots, sha256));
    this.loaded = sha256;
    return this.replica;
  }
}
