/** "reading scans 12/448" on one line of a terminal; nothing where the output is no terminal. */
import type { ProgressTarget } from './progress.js';

const ERASE_LINE = '\r\u001b[2K';

/** A function to be told of progress; the line is erased when all is done. */
export function counter(
  what: string,
  target: ProgressTarget = process.stderr,
): (done: number, total: number) => void {
  if (target.isTTY !== true) return () => undefined;
  return (done, total) =>
    void target.write(done < total ? `${ERASE_LINE}${what} ${done}/${total}` : ERASE_LINE);
}
