/**
 * The evolution process of a parent that is gone: it ends itself within a second, unless it is stopped (SIGSTOP). Then
 * it would hold its lock for as long, and wake one day beside another. Who holds the lock of the run may end it: what
 * is dead does not wake and write.
 */
import type { RunFolder } from '../../run/folder.js';
import { Deadline, sleep } from '../../runtime/process/monotonic.js';
import { holderOf } from '../../runtime/storage/run-owner.js';

const PATIENCE_MS = 5000;
const LOOK_MS = 50;

/**
 * To be called by the holder of the run's lock, before it starts an evolution process. One that cannot be told for sure
 * (no /proc, another host), or that may not be ended, is left: the next one is refused by its lock then.
 */
export async function endFormerEvolution(folder: RunFolder): Promise<void> {
  const deadline = new Deadline(PATIENCE_MS);
  while (!deadline.over) {
    const holder = await holderOf(folder.evolutionLock);
    if ((holder.is !== 'at-work' && holder.is !== 'stopped') || holder.startTime === null) return;
    try {
      process.kill(holder.pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPERM') return;
    }
    await sleep(LOOK_MS);
  }
}
