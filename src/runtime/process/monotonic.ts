/**
 * Time for leases and deadlines: a clock that only runs forward, whatever is done to the wall clock.
 *
 * CLOCK_MONOTONIC by process.hrtime: the same scale in all threads and processes of one host (unlike
 * performance.now, which starts at zero in each thread). It goes on while a process is stopped, so a
 * process that wakes up after SIGSTOP finds its leases over, as it must. Never compare between hosts.
 */

/** Milliseconds since some fixed moment of this boot. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Node's timers overflow above this and fire at once; a longer wait is taken in pieces. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface Timer {
  /** The callback will not be called any more. Calling it again does nothing. */
  cancel(): void;
}

/**
 * Calls `callback` once, not before `ms` of monotonic time are over (0 or less: in the next turn).
 * `keepAlive: false` lets the process end while the timer waits.
 */
export function after(ms: number, callback: () => void, { keepAlive = true } = {}): Timer {
  if (Number.isNaN(ms)) throw new RangeError('a timer needs a number of milliseconds, got NaN');
  const due = monotonicMs() + ms;
  let handle: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const left = due - monotonicMs();
    handle = setTimeout(
      () => {
        // setTimeout counts whole milliseconds and may be early by a part of one.
        if (due - monotonicMs() > 0) arm();
        else callback();
      },
      Math.min(Math.max(0, Math.ceil(left)), LONGEST_TIMER_MS),
    );
    if (!keepAlive) handle.unref();
  };
  arm();
  return { cancel: () => clearTimeout(handle) };
}

/** Resolves after `ms`, or at once when `signal` is aborted (it does not reject: look at the signal). */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = after(ms, done);
    signal?.addEventListener('abort', done);
  });
}

/** Waits for `promise`, at most `ms`: true if it has settled by then. No timer stays behind. */
export function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = after(ms, () => resolve(false));
    const done = (): void => {
      timer.cancel();
      resolve(true);
    };
    promise.then(done, done);
  });
}

/** A moment in the future that several waits share. */
export class Deadline {
  private readonly due: number;
  constructor(readonly ms: number) {
    if (!(ms > 0)) throw new RangeError(`a deadline must lie ahead, got ${ms} ms`);
    this.due = monotonicMs() + ms;
  }

  /** Milliseconds left, never below 0. */
  left(): number {
    return Math.max(0, this.due - monotonicMs());
  }

  get over(): boolean {
    return this.left() === 0;
  }
}
