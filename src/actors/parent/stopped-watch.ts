/**
 * A process that is stopped (SIGSTOP, a debugger that was left, a suspended job) holds its locks and says nothing: for
 * evolution nobody else could go on. It is killed after a while, so that another takes over: what is dead does not wake
 * and write. Where there is no /proc nothing is seen of it.
 */
import type { Handle } from '../../runtime/bus/bus.js';
import type { Timer } from '../../runtime/process/monotonic.js';
import { after } from '../../runtime/process/monotonic.js';
import { isStopped, processStartTime } from '../../runtime/process/process-table.js';

const LOOK_MS = 500;
/** Looks in a row that find it stopped: with the start of another one it is replaced within ten seconds. */
const LOOKS = 10;

/** `pid`: of the process now; `onStopped` kills it. */
export function watchForStops(pid: () => number | null, onStopped: () => void): Handle {
  let timer: Timer;
  let seen: { readonly of: string; readonly times: number } | null = null;
  const look = (): void => {
    const now = pid();
    const of = now === null || !isStopped(now) ? null : `${now} ${processStartTime(now) ?? ''}`;
    seen = of === null ? null : { of, times: seen?.of === of ? seen.times + 1 : 1 };
    if (seen !== null && seen.times >= LOOKS) {
      seen = null;
      onStopped();
    }
    timer = after(LOOK_MS, look);
  };
  timer = after(LOOK_MS, look);
  return { close: () => timer.cancel() };
}
