/**
 * The evaluator process, TensorFlow side: measures objectives that need weights and scans.
 *
 *   node dist/actors/evaluator/evaluator.js RUN_FOLDER ID DEVICE [KERNELS]
 */
import { guardAgainstOrphaning } from '../../runtime/process/orphan-guard.js';
import { trace } from '../../runtime/trace/trace.js';
import { measurerOf } from '../worker/evaluation-bench.js';
import type { EvaluatorBusData } from './evaluator-bus.js';
import { arithmeticOf, runBusThread, runWorker, workerIdentity } from '../worker/worker-process.js';
import { openWorkbench } from '../worker/workbench.js';

async function main(): Promise<void> {
  guardAgainstOrphaning();
  trace.started();
  const [root, id, device, addon = null] = process.argv.slice(2) as [string, string, string, string?];
  const workbench = await openWorkbench(root, addon);
  const identity = await workerIdentity('evaluator', id, device, arithmeticOf(workbench, addon));
  const data: EvaluatorBusData = { root, identity };
  await runBusThread(new URL('./evaluator-bus.js', import.meta.url), data, {
    measure: measurerOf(workbench, root, addon),
  });
}

await runWorker(main);
