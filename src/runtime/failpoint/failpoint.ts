/**
 * Failpoints: places where a process ends, stops, fails or lingers because `EMARS_FAILPOINT` says so. They are in
 * every build, so that what is tested is what runs; without the variable each is the check of a constant
 * (docs/decisions/0177).
 */
import { unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EmarsError } from '../../errors/error.js';
import type { FailpointName, Operation } from './operations.js';
import type { Failpoint } from './specification.js';
import { FOLDER, parseFailpoints, VARIABLE } from './specification.js';

/** Set by a supervisor for its child: role, id, and which start this is. */
const IDENTITY = 'EMARS_FAILPOINT_PROCESS';
const NOBODY = ['parent', 'parent', '1'];
const DELAY_MS = 1000;

/** What an operation fails with that a failpoint lets fail; looks like a disk's or a socket's error. */
class FailpointError extends EmarsError {
  override readonly name = 'FailpointError';
  readonly kind = 'unavailable';
  readonly code = 'EIO';
}

type Tampering = Extract<Failpoint['action'], 'nan' | 'cut'>;

interface Armed extends Failpoint {
  passed: number;
}

const identity = process.env[IDENTITY]?.split(' ') ?? NOBODY;
const armed = armedHere();

/** What of `EMARS_FAILPOINT` is for this life of this process; null where nothing is. */
function armedHere(): Armed[] | null {
  const text = process.env[VARIABLE];
  if (text === undefined || text === '') return null;
  const [role, id, life] = identity;
  const ours = parseFailpoints(text).filter(
    ({ process: of, life: when }) =>
      (when === null || when === Number(life)) && (of === null || of === role || of === id),
  );
  return ours.length === 0 ? null : ours.map((each) => ({ ...each, passed: 0 }));
}

/** Passes a place where this process may be made to fail. */
export function failpoint(name: FailpointName): void {
  if (armed !== null) pass(armed, name);
}

/** As `failpoint`, where the operation itself can go wrong: how, or null. */
export function tampering(name: FailpointName): Tampering | null {
  return armed === null ? null : pass(armed, name);
}

/** Does an operation between its two failpoints. */
export async function withFailpoints<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
  if (armed === null) return work();
  pass(armed, `before-${operation}`);
  const result = await work();
  pass(armed, `after-${operation}`);
  return result;
}

/** More environment for a child, so that it knows who it is; nothing where no failpoint is set. */
export function failpointIdentity(
  role: string,
  id: string,
  starts: number,
): Readonly<Record<string, string>> {
  return process.env[VARIABLE] === undefined ? {} : { [IDENTITY]: `${role} ${id} ${starts}` };
}

function pass(all: readonly Armed[], name: FailpointName): Tampering | null {
  let harm: Tampering | null = null;
  for (const each of all) {
    if (each.name !== name) continue;
    each.passed++;
    if (isDue(each)) harm = act(each);
  }
  return harm;
}

function isDue({ passing, passed }: Armed): boolean {
  if (typeof passing === 'number') return passed === passing;
  try {
    unlinkSync(join(process.env[FOLDER] ?? '', passing.file));
    return true;
  } catch {
    return false;
  }
}

function act({ name, passing, action }: Failpoint): Tampering | null {
  const when = typeof passing === 'number' ? passing : `@${passing.file}`;
  say(`failpoint ${name}:${when}:${action} in ${identity[1]}#${identity[2]}`);
  switch (action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return null;
    case 'stop':
      process.kill(process.pid, 'SIGSTOP');
      return null;
    case 'error':
      throw new FailpointError(`failpoint ${name}: this operation was told to fail`);
    case 'delay':
      // Blocks the thread, as a disk or a processor does that others keep busy.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DELAY_MS);
      return null;
    case 'nan':
    case 'cut':
      return action;
    default:
      return action satisfies never;
  }
}

/** So that a test can tell what was reached, and a person why a process died. */
function say(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // A log that takes nothing any more keeps no process from failing.
  }
}
