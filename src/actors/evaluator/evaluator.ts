/**
 * The evaluator process, TensorFlow side: measures objectives that need weights and scans.
 *
 *   node dist/actors/evaluator/evaluator.js RUN_FOLDER ID DEVICE
 */
import { guardAgainstOrphaning } from '../../runtime/process/orphan-guard.js';
import { EvaluationBench } from '../worker/evaluation-bench.js';
import type { EvaluatorBusData } from './evaluator-bus.js';
import { loadObjectives } from '../setup/objective-rules.js';
import { runFolder } from '../../run/folder.js';
import { runBusThread, runWorker, workerIdentity } from '../worker/worker-process.js';
import { openWorkbench } from '../worker/workbench.js';

async function main(): Promise<void> {
  guardAgainstOrphaning();
  const [root, id, device] = process.argv.slice(2) as [string, string, string];
  const workbench = await openWorkbench(root);
  const identity = await workerIdentity('evaluator', id, device, workbench.options.engine.threads);
  const bench = new EvaluationBench(
    workbench,
    await loadObjectives(workbench.options),
    runFolder(root).snapshots,
  );
  const data: EvaluatorBusData = { root, identity };
  await runBusThread(new URL('./evaluator-bus.js', import.meta.url), data, {
    measure: bench.measure.bind(bench),
  });
}

await runWorker(main);
