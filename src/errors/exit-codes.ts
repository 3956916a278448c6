/** From the kind of an error to exit codes, and back: the one place that knows them. */
import type { ErrorKind } from './error.js';

interface ExitCodes {
  /** What the command line ends with; people and scripts rely on it. */
  readonly command: number;
  /** What a process of a run ends with; only its supervisor sees it. */
  readonly process: number;
}

/** Ended by SIGTERM (128 + 15): no wish of its own. */
export const TERMINATED_EXIT = 143;

/** A search that has stopped as it was told to: all that it did is written. */
export const DRAINED_EXIT = 8;

const REFUSED = 5;
const STOPPED = 6;
const DAMAGED = 7;
/** As Node ends after an uncaught error. */
const DIED = 1;

const CODES: Readonly<Record<ErrorKind, ExitCodes>> = {
  usage: { command: 2, process: STOPPED },
  data: { command: 3, process: DAMAGED },
  damaged: { command: 3, process: DAMAGED },
  environment: { command: 4, process: STOPPED },
  unavailable: { command: 4, process: DIED },
  refused: { command: 4, process: REFUSED },
  interrupted: { command: 130, process: TERMINATED_EXIT },
  internal: { command: 1, process: DIED },
};

/** Exit code of the command line for a kind. */
export function commandExit(kind: ErrorKind): number {
  return CODES[kind].command;
}

/** Exit code of a process of a run for the kind of what ended it. */
export function processExit(kind: ErrorKind): number {
  return CODES[kind].process;
}

/**
 * What the end of a process means to its supervisor: `drained` has stopped by its wish; `refused` and `stopped`
 * do not change by another start, `damaged` neither, and it is the run folder's fault; what has `died` is started
 * again.
 */
export type ProcessEnd = 'finished' | 'drained' | 'refused' | 'stopped' | 'damaged' | 'died';

/** `code`: null after a signal. */
export function processEnd(code: number | null): ProcessEnd {
  switch (code) {
    case 0:
      return 'finished';
    case DRAINED_EXIT:
      return 'drained';
    case REFUSED:
      return 'refused';
    case STOPPED:
      return 'stopped';
    case DAMAGED:
      return 'damaged';
    default:
      return 'died';
  }
}
