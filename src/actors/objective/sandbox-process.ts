/**
 * The process that a user's objective lives in: it loads one module and calls its `measure`, one subject at
 * a time. Started by sandbox.ts, which watches over time and memory.
 *
 *   node dist/actors/objective/sandbox-process.js MODULE
 */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Objective } from '../../objectives/objective.js';
import { checkedMeasurement } from '../../objectives/objective.js';
import { guardAgainstOrphaning } from '../../runtime/process/orphan-guard.js';
import type { SandboxCall, SandboxReply } from './sandbox-messages.js';
import { REASON_LENGTH, sandboxReply } from './sandbox-messages.js';

guardAgainstOrphaning();
const channel = process.send!.bind(process);
// The channel is ours: a module that finds it would only disturb itself.
delete process.send;
preferToDie();
process.on('disconnect', () => process.exit(0));

const [path] = process.argv.slice(2) as [string];
const objective = await load(path);
if (objective !== null) process.on('message', (message) => void answer(objective, message as SandboxCall));

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
  tell(described.data);
  return exported as Objective;
}

async function answer(measuring: Objective, { call, subject }: SandboxCall): Promise<void> {
  try {
    const measured: unknown = await Promise.resolve<unknown>(measuring.measure(subject as never));
    const { value, defined = true } = checkedMeasurement(measuring.name, measured);
    tell({ kind: 'value', call, value, defined });
  } catch (error) {
    tell({ kind: 'failure', call, reason: textOf(error).slice(0, REASON_LENGTH) });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
