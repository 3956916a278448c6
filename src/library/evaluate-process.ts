/** The process of an evaluation: takes one task, answers it, and ends. Started by evaluate.ts alone. */
import { guardAgainstOrphaning } from '../runtime/process/orphan-guard.js';
import { evaluateScans } from './evaluate-scans.js';
import type { EvaluationMessage, EvaluationTask } from './evaluation-messages.js';
import { carryError } from './evaluation-messages.js';

guardAgainstOrphaning();

const say = (message: EvaluationMessage): Promise<void> =>
  new Promise((resolve) => process.send?.(message, () => resolve()));

process.once('message', (message) => {
  void answer(message as EvaluationTask).then(() => process.disconnect());
});

async function answer({ run, data, id }: EvaluationTask): Promise<void> {
  try {
    const evaluation = await evaluateScans(run, data, id, (done, total) => {
      void say({ kind: 'progress', done, total });
    });
    await say({ kind: 'evaluated', evaluation });
  } catch (error) {
    await say({ kind: 'failed', error: carryError(error) });
  }
}
