/** Ctrl-C for commands that only read and write files: stop soon, say what is left behind, exit 130. */
import { Interrupted } from './errors.js';

/**
 * Runs `work` with a signal that Ctrl-C (or SIGTERM) raises. Errors: those of `work`; Interrupted with
 * `advice` once the person asked to stop. A second Ctrl-C ends at once.
 */
export async function interruptible<T>(
  advice: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Interrupted(advice));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
