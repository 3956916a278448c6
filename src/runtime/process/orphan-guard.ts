/**
 * No process outlives its supervisor: a trainer whose run is dead must not go on holding a device.
 *
 * A kill -9 of the parent leaves no time for goodbyes, and the child's main thread may be blocked for
 * seconds in a native call, so neither signals nor IPC events will do: a small thread looks at the
 * parent's id and ends the whole process by SIGKILL. (prctl(PR_SET_PDEATHSIG) would do, but Node has it not.)
 */
import { Worker } from 'node:worker_threads';
import { textOf } from '../../errors/text.js';

/** Set by superviseChild: who the parent was when it started us, as it may be dead before we look. */
export const SUPERVISOR_VARIABLE = 'EMARS_SUPERVISOR_PID';

const POLL_MS = 250;
let guarded = false;

/**
 * To be called first thing in a child's main thread. From then on the process dies within a second of
 * its parent, without any clean-up. It does not keep the process alive. Calling it again does nothing.
 */
export function guardAgainstOrphaning(): void {
  if (guarded) return;
  guarded = true;
  const told = process.channel === undefined ? undefined : process.env[SUPERVISOR_VARIABLE];
  const parent = told === undefined ? process.ppid : Number(told);
  const watch = new Worker(new URL('./orphan-watch.js', import.meta.url), {
    workerData: { parent, everyMs: POLL_MS },
    execArgv: [],
    name: 'orphan-watch',
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  // Better to die than to run unguarded.
  watch.on('error', (error) => {
    process.stderr.write(`the orphan watch failed: ${textOf(error)}\n`);
    process.exit(1);
  });
  watch.unref();
}
