/** Finds the search that a worker or an objective is to join on a broker. */
import type { Bus } from '../runtime/bus/connection.js';
import { EmarsError } from '../errors/error.js';
import { Deadline, sleep } from '../runtime/process/monotonic.js';
import { RequestError } from './request.js';
import type { RunAtWork } from './runs.js';
import { askForRuns } from './runs.js';

/** No such run was at work in the time that it was waited for. */
class RunNotFound extends EmarsError {
  override readonly name = 'RunNotFound';
  readonly kind = 'unavailable';
}

/** `waitMs`: null for a wait without end. */
interface Patience {
  readonly signal: AbortSignal;
  readonly waitMs: number | null;
}

/**
 * The run of that name or id; without one the only run there is. Waits until there is such a run; `onWait` is
 * called when it begins to. Errors: RequestError where several fit; RunNotFound; the reason of `signal`.
 */
export async function findRun(
  bus: Bus,
  wanted: string | null,
  onWait: () => void,
  { signal, waitMs }: Patience,
): Promise<RunAtWork> {
  const patience = waitMs === null ? null : new Deadline(waitMs);
  for (let isFirst = true; ; isFirst = false) {
    signal.throwIfAborted();
    const found = await askForRuns(bus, signal);
    signal.throwIfAborted();
    const fitting = found.filter(({ run, name }) => wanted === null || run === wanted || name === wanted);
    const [only] = fitting;
    if (only !== undefined && fitting.length === 1) return only;
    if (fitting.length > 1)
      throw new RequestError(
        `expected one run${wanted === null ? '' : ` called ${wanted}`}, got ` +
          `${fitting.map(({ run, name }) => `${name} (${run})`).join(', ')}; name one with --run, by its id`,
      );
    if (patience?.over === true)
      throw new RunNotFound(
        `expected ${wanted === null ? 'a run' : `the run ${wanted}`} at work on this broker within ` +
          `${waitMs! / 1000} s (--wait), found none; which are: emars runs --nats URL`,
      );
    if (isFirst) onWait();
    await sleep(AGAIN_MS, signal);
  }
}

const AGAIN_MS = 500;
