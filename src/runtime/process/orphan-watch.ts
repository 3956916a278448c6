/**
 * The thread that watches over the parent process (main file of a worker; started by orphan-guard.ts).
 * It has its own event loop, so it sees the parent's death while the main thread is deep in a native call.
 */
import { workerData } from 'node:worker_threads';

const { parent, everyMs } = workerData as { parent: number; everyMs: number };

setInterval(() => {
  // The kernel gives an orphan another parent.
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
}, everyMs);
