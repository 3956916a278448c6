/** `EMARS_FAILPOINT`: which process fails where, when and how. */
import { EmarsError } from '../../errors/error.js';
import type { FailpointName } from './operations.js';
import { FAILPOINTS } from './operations.js';

export const VARIABLE = 'EMARS_FAILPOINT';
export const FOLDER = 'EMARS_FAILPOINT_FOLDER';

export const ACTIONS = {
  kill: 'the process ends by SIGKILL',
  stop: 'the process stops by SIGSTOP; whoever wants it to go on sends SIGCONT',
  error: 'the operation fails with an I/O error',
  delay: 'the thread sleeps for a second',
  nan: 'the chunk that is sent begins with NaN (before-send-gradient alone)',
  cut: 'the chunk that is sent is of a vector a float shorter (before-send-gradient alone)',
} as const;

export type Action = keyof typeof ACTIONS;

export interface Failpoint {
  readonly name: FailpointName;
  /**
   * It acts on this passing, from 1, as each thread counts for itself; or once such a file is in
   * `EMARS_FAILPOINT_FOLDER`: whoever takes it away acts.
   */
  readonly passing: number | { readonly file: string };
  readonly action: Action;
  /** Role or id of the process; null: any. */
  readonly process: string | null;
  /** Which start of that process, from 1: who is started again fails no second time. Null: any. */
  readonly life: number | null;
}

/** `EMARS_FAILPOINT` does not say what to do. */
export class FailpointSyntax extends EmarsError {
  override readonly name = 'FailpointSyntax';
  readonly kind = 'usage';
}

const MOST = 100;
const ENTRY =
  /^(?:([a-z][\w.-]{0,63})?(?:#([1-9]\d{0,3}))?\/)?([a-z-]+):([1-9]\d{0,8}|@[a-z]{1,30}):([a-z]+)$/i;
/** Of these the operation, not the process, goes wrong. */
const TAMPERING: readonly Action[] = ['nan', 'cut'];
const TAMPERED: FailpointName = 'before-send-gradient';
const GRAMMAR =
  '[PROCESS][#LIFE]/NAME:N:ACTION, as after-journal-sync:3:kill or trainer-1#2/before-apply:1:stop';

/**
 * Reads a list with commas between. Errors: FailpointSyntax, which names the entry and what was expected.
 */
export function parseFailpoints(text: string): Failpoint[] {
  const entries = text.split(',');
  if (entries.length > MOST)
    throw new FailpointSyntax(`${VARIABLE}: expected at most ${MOST} failpoints, got ${entries.length}`);
  return entries.map((entry) => parseOne(entry.trim()));
}

function parseOne(entry: string): Failpoint {
  const match = ENTRY.exec(entry);
  if (match === null)
    throw new FailpointSyntax(`${VARIABLE}: expected ${GRAMMAR}; got ${JSON.stringify(entry.slice(0, 200))}`);
  const [, process = null, life, name, passing, action] = match;
  if (!isFailpoint(name!))
    throw new FailpointSyntax(
      `${VARIABLE}: expected one of the failpoints that emars chaos --list names, got "${name}"`,
    );
  if (!isAction(action!))
    throw new FailpointSyntax(
      `${VARIABLE}: expected ${Object.keys(ACTIONS).join(', ')} after ${name}, got "${action}"`,
    );
  if (TAMPERING.includes(action) && name !== TAMPERED)
    throw new FailpointSyntax(`${VARIABLE}: expected ${TAMPERED} with ${action}, got ${name}`);
  const isFile = passing!.startsWith('@');
  return {
    name,
    passing: isFile ? { file: passing!.slice(1) } : Number(passing),
    action,
    process,
    life: life === undefined ? (isFile ? null : 1) : Number(life),
  };
}

function isFailpoint(word: string): word is FailpointName {
  return Object.hasOwn(FAILPOINTS, word);
}

function isAction(word: string): word is Action {
  return Object.hasOwn(ACTIONS, word);
}
