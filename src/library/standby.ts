/** Stands by for a search of this machine: goes on with it when the process that conducts it dies, or is stopped. */
import { EmarsError } from '../errors/error.js';
import { watchForStops } from '../actors/parent/stopped-watch.js';
import { sleep } from '../runtime/process/monotonic.js';
import type { Holder } from '../runtime/storage/run-owner.js';
import { holderOf } from '../runtime/storage/run-owner.js';

const LOOK_MS = 250;

/** What a standby sees; `pid`: of the process that conducts the search. */
export type StandbyEvent =
  | { readonly kind: 'watching' | 'killed'; readonly pid: number }
  /** `lost`: that process is gone without a word; `ended`: it ended in order, and there is nothing to stand by for. */
  | { readonly kind: 'lost' | 'ended' };

/** Nobody can stand by here. */
export class StandbyError extends EmarsError {
  override readonly name = 'StandbyError';
  readonly kind = 'environment';
}

/**
 * Watches until the process that conducts the search in `root` has died or ended. One that is stopped for five
 * seconds is killed, so that it does no harm when it wakes; its children end with it. Two that stand by see the same:
 * the lock of the run lets one of them go on. `tell` is told what happens; resolves to how it ended.
 *
 * Errors: StandbyError where that process is another host's, or may not be killed; the reason of `signal`.
 */
export async function standBy(
  root: string,
  tell: (event: StandbyEvent) => void,
  signal: AbortSignal,
): Promise<'lost' | 'ended'> {
  let holder: Holder = await holderOf(root);
  let watched: number | null = null;
  const failed = new AbortController();
  const kill = (): void => {
    const pid = pidOf(holder);
    if (pid === null) return;
    try {
      process.kill(pid, 'SIGKILL');
      tell({ kind: 'killed', pid });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH')
        failed.abort(
          new StandbyError(
            `process ${pid}, which conducts the search in ${root}, is stopped, and this user may not end it; ` +
              'stand by as the user who started it',
          ),
        );
    }
  };
  const stops = watchForStops(() => pidOf(holder), kill);
  try {
    for (;;) {
      signal.throwIfAborted();
      failed.signal.throwIfAborted();
      if (holder.is === 'elsewhere')
        throw new StandbyError(
          `expected a search of this machine, got one that process ${holder.pid} on host ${holder.host} conducts; ` +
            'start the standby there',
        );
      const pid = pidOf(holder);
      if (pid === null) {
        const kind = holder.is === 'dead' ? 'lost' : 'ended';
        tell({ kind });
        return kind;
      }
      if (pid !== watched) tell({ kind: 'watching', pid });
      watched = pid;
      await sleep(LOOK_MS);
      holder = await holderOf(root);
    }
  } finally {
    stops.close();
  }
}

function pidOf(holder: Holder): number | null {
  return holder.is === 'at-work' || holder.is === 'stopped' ? holder.pid : null;
}
