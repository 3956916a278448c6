/**
 * The process that a user's objective lives in: it loads one module and calls its `measure`, one subject at
 * a time. Started by sandbox.ts, which watches over time and memory.
 *
 *   node dist/actors/objective/sandbox-process.js MODULE [RUN_FOLDER [KERNELS]]
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Objective } from '../../objectives/objective.js';
import { checkedMeasurement } from '../../objectives/objective.js';
import { guardAgainstOrphaning } from '../../runtime/process/orphan-guard.js';
import { runFolder } from '../../run/folder.js';
import type { EvaluationKey } from '../worker/evaluation-taker.js';
import type { SandboxCall, SandboxReply } from './sandbox-messages.js';
import { REASON_LENGTH, sandboxReply } from './sandbox-messages.js';
import { textOf } from '../../errors/text.js';

guardAgainstOrphaning();
const channel = process.send!.bind(process);
// The channel is ours: a module that finds it would only disturb itself.
delete process.send;
preferToDie();
process.on('disconnect', () => process.exit(0));

const [path, root = null, addon = null] = process.argv.slice(2) as [string, string?, string?];
const objective = await load(path);
const measure = objective === null ? null : await measurerOf(objective);
if (objective !== null && measure !== null) {
  process.on('message', (message) => void answer(objective.name, measure, message as SandboxCall));
  const { name, unit, direction, needs } = objective;
  tell({ kind: 'described', description: { name, unit, direction, needs } });
}

/** Where the memory of the machine runs out, the kernel is to take this process and no other. */
function preferToDie(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // No such thing outside Linux.
  }
}

function tell(reply: SandboxReply): void {
  channel(reply);
}

/** Null after saying why not. */
async function load(file: string): Promise<Objective | null> {
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(file).href)) as typeof loaded;
  } catch (error) {
    tell({ kind: 'unfit', reason: `${file} cannot be loaded: ${textOf(error)}`.slice(0, REASON_LENGTH) });
    return null;
  }
  const exported = loaded.default as Partial<Objective> | undefined;
  const described = sandboxReply.safeParse({ kind: 'described', description: exported });
  if (!described.success || typeof exported?.measure !== 'function') {
    const problem = described.success ? 'measure: expected a function' : z.prettifyError(described.error);
    tell({
      kind: 'unfit',
      reason: `expected ${file} to export by default { name, unit, direction, needs, measure }: ${problem}`
        .replace(/\s+/g, ' ')
        .slice(0, REASON_LENGTH),
    });
    return null;
  }
  return exported as Objective;
}

type Measure = (subject: object) => unknown;

/** Where weights are needed, the scans and the snapshot of the run are opened here; null after saying why not. */
async function measurerOf(loaded: Objective): Promise<Measure | null> {
  if (loaded.needs !== 'weights' || root === null) return (subject) => loaded.measure(subject as never);
  try {
    const { openWorkbench } = await import('../worker/workbench.js');
    const { EvaluationBench } = await import('../worker/evaluation-bench.js');
    const workbench = await openWorkbench(root, addon);
    const objectives = new Map([[loaded.name, loaded]]);
    const bench = new EvaluationBench(workbench, objectives, runFolder(root).snapshots);
    return (subject) => bench.measure(subject as EvaluationKey);
  } catch (error) {
    tell({
      kind: 'unfit',
      reason: `the run in ${root} cannot be opened: ${textOf(error)}`.slice(0, REASON_LENGTH),
    });
    return null;
  }
}

async function answer(name: string, measuring: Measure, { call, subject }: SandboxCall): Promise<void> {
  try {
    const measured: unknown = await Promise.resolve(measuring(subject));
    const { value, defined = true } = checkedMeasurement(name, measured);
    tell({ kind: 'value', call, value, defined });
  } catch (error) {
    tell({ kind: 'failure', call, reason: textOf(error).slice(0, REASON_LENGTH) });
  }
}
