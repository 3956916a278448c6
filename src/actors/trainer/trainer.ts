/**
 * The trainer process, TensorFlow side: computes gradient slots and, between epochs, evaluations.
 * One process a device. The protocol lives in the bus thread (trainer-bus.ts), since every TensorFlow
 * call blocks this thread; both share the replica's memory and one slot vector.
 *
 *   node dist/actors/trainer/trainer.js RUN_FOLDER ID DEVICE [KERNELS]
 */
import { initialiseParameters, initialStatistics } from '../../network/initialise.js';
import { guardAgainstOrphaning } from '../../runtime/process/orphan-guard.js';
import { trace } from '../../runtime/trace/trace.js';
import { longestVector, membersOf, pathIn } from '../../space/cohort.js';
import { BatchesAhead } from '../../training/batches-ahead.js';
import { readFirstWeights } from '../../training/first-weights.js';
import { learnedBytes, learnedViews } from '../../training/replica.js';
import type { SlotKey } from '../../training/samples.js';
import type { ComputedSlot, TrainingRules } from '../../training/slot.js';
import { computeSlot, nextSlot, slotBatch } from '../../training/slot.js';
import { DataClock } from './data-clock.js';
import { measurerOf } from '../worker/evaluation-bench.js';
import type { Measurer } from '../worker/evaluation-taker.js';
import { optimizerOf, samplingOf } from '../setup/rules.js';
import type { TrainerBusData } from './trainer-bus.js';
import type { SlotComputer } from './replica-work.js';
import { arithmeticOf, runBusThread, runWorker, workerIdentity } from '../worker/worker-process.js';
import type { Workbench } from '../worker/workbench.js';
import { openWorkbench } from '../worker/workbench.js';

/** Loss weights that make every class count the same, mean 1 over the training scans. */
function classWeights({ dataset, options }: Workbench): Float32Array | null {
  if (!options.training.classWeights) return null;
  const counts = dataset.trainingCounts();
  return Float32Array.from(counts, (count) => dataset.training.length / (counts.length * Math.max(1, count)));
}

async function main(): Promise<void> {
  guardAgainstOrphaning();
  trace.started();
  const [root, id, device, addon = null] = process.argv.slice(2) as [string, string, string, string?];
  const workbench = await openWorkbench(root, addon);
  const { net, dataset, options, kernels, signals } = workbench;
  const identity = await workerIdentity('trainer', id, device, arithmeticOf(workbench, addon));
  const optimizer = optimizerOf(options);
  const memory = new SharedArrayBuffer(learnedBytes(net.layout, optimizer));
  const vector = new SharedArrayBuffer(4 * longestVector(net));
  const learned = learnedViews(net.layout, optimizer, memory);
  const slotVector = new Float32Array(vector);
  const rules: TrainingRules = {
    ...samplingOf(options),
    dropout: options.training.dropout,
    classWeights: classWeights(workbench),
    labelSmoothing: options.training.labelSmoothing,
  };
  const clock = new DataClock((count) => void process.send?.(count));
  const ahead = new BatchesAhead((key) => slotBatch({ dataset, rules }, key));
  const source = { dataset, rules, batchOf: (key: SlotKey) => clock.data(() => ahead.take(key)) };
  const measure = measurerOf(workbench, root, addon);
  const serve: SlotComputer & Measurer = {
    initialise: (): Promise<void> => {
      learned.parameters.set(initialiseParameters(net.layout, options.seed));
      learned.statistics.set(initialStatistics(net.layout));
      if (options.cohortWeights !== null)
        readFirstWeights(options.cohortWeights, membersOf(net), { layout: net.layout, weights: learned });
      learned.optimizerState.fill(0);
      if (learned.average.length > 0) learned.average.set(learned.parameters);
      return Promise.resolve();
    },
    computeSlot: (key: SlotKey, names: readonly string[]): Promise<ComputedSlot> => {
      const from = trace.now();
      const subnet = { net, path: pathIn(net, names), parameters: learned.parameters, kernels };
      const compute = (): ComputedSlot => computeSlot(source, subnet, key, slotVector);
      const computed = signals.during(() => clock.slot(compute));
      trace.span('compute', 'slot', from, { args: { step: key.step, slot: key.slot } });
      const next = nextSlot(source, key);
      // After the answer has left.
      if (next !== null) setImmediate(() => ahead.prepare(next));
      return Promise.resolve(computed);
    },
    measure,
  };
  const data: TrainerBusData = { root, identity, memory, vector, addon };
  await runBusThread(new URL('./trainer-bus.js', import.meta.url), data, serve);
}

await runWorker(main);
