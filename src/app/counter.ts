/** "reading scans 12/448, 2 min 05 s left" on one line of a terminal; nothing where the output is no terminal. */
import { timeLeft } from './progress.js';
import type { ProgressTarget } from './progress.js';

const ERASE_LINE = '\r\u001b[2K';
/** Seconds: before, the pace says nothing. */
const EARLY = 2;

/**
 * A function to be told of progress; the line is erased when all is done. The time left follows from the pace
 * since this call. `now`: milliseconds of a monotonic clock.
 */
export function counter(
  what: string,
  target: ProgressTarget = process.stderr,
  now: () => number = () => performance.now(),
): (done: number, total: number) => void {
  if (target.isTTY !== true) return () => undefined;
  const start = now();
  return (done, total) => {
    const elapsed = (now() - start) / 1000;
    const left = done > 0 && elapsed >= EARLY ? (elapsed / done) * (total - done) : null;
    const pace = left === null ? '' : `, ${timeLeft(left)} left`;
    target.write(done < total ? `${ERASE_LINE}${what} ${done}/${total}${pace}` : ERASE_LINE);
  };
}
