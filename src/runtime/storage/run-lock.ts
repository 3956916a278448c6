/**
 * One process a folder: a lock that a kill -9 leaves behind and the next process takes over.
 *
 * Node has no flock. Removing a stale lock file and making a new one has a hole: two processes that
 * saw the same stale file can each remove it, the second one removing the first one's new lock. So locks
 * are numbered and the number only rises: `run.lock.7` names its owner; who finds the owner dead makes
 * `run.lock.8` by link(2), which fails if it is there; then looks whether a higher one has come up
 * meanwhile (then it lost), and only then removes the lower ones. The highest file is never removed,
 * a released lock says so in its text. So a late claimant can never win with an old number.
 *
 * The owner is (host, boot, process id, start time): an id that the kernel has given to another process
 * does not hold the lock. A lock of another host cannot be checked from here and counts as held.
 */
import { EmarsError } from '../../errors/error.js';
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { withFailpoints } from '../failpoint/failpoint.js';
import { writeFileAtomic } from './atomic-file.js';
import { bootId, processStartTime } from '../process/process-table.js';
import type { Owner } from './run-owner.js';
import { holds, lockNumbers, parseOwner } from './run-owner.js';

/** Another process works in the folder. */
export class RunLockedError extends EmarsError {
  override readonly name = 'RunLockedError';
  readonly kind = 'environment';
  readonly pid: number;
  readonly host: string;
  /** What that process said it is for. */
  readonly purpose: string | null;
  constructor(
    readonly folder: string,
    { pid, host, purpose }: Pick<Owner, 'pid' | 'host' | 'purpose'>,
    readonly file: string,
  ) {
    const here = host === hostname() ? '' : ` on host ${host}; if that host is gone for good, remove ${file}`;
    super(`${folder} is in use by process ${pid}${purpose === null ? '' : `, ${purpose}`}${here}`);
    this.pid = pid;
    this.host = host;
    this.purpose = purpose;
  }
}

export interface RunLock {
  readonly folder: string;
  /** Rises by one with each owner of the folder. */
  readonly number: number;
  /** Lets the next process in. Calling it again does nothing. */
  release(): Promise<void>;
}

function self(released: boolean, purpose: string | null): Owner {
  const { pid } = process;
  return { pid, startTime: processStartTime(pid), host: hostname(), boot: bootId(), released, purpose };
}

/**
 * Takes the folder (made if need be) for this process, at once or not at all. `purpose`: what others are told.
 *
 * Errors: RunLockedError if a living process has it, this one included.
 */
export async function acquireRunLock(folder: string, purpose: string | null = null): Promise<RunLock> {
  await mkdir(folder, { recursive: true });
  const text = JSON.stringify(self(false, purpose));
  const claim = join(folder, `.run.lock.claim-${process.pid}-${randomBytes(4).toString('hex')}`);
  await writeFile(claim, text, { flag: 'wx' });
  try {
    for (;;) {
      const highest = (await lockNumbers(folder)).at(-1) ?? 0;
      if (highest > 0) {
        const file = join(folder, `run.lock.${highest}`);
        // Gone between the two calls: another process took over; look again.
        const found = await readFile(file, 'utf8').catch(() => null);
        if (found === null) continue;
        const owner = parseOwner(found);
        if (owner !== null && holds(owner)) throw new RunLockedError(folder, owner, file);
      }
      const mine = highest + 1;
      const path = join(folder, `run.lock.${mine}`);
      try {
        await withFailpoints('lock-link', () => link(claim, path));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      const numbers = await lockNumbers(folder);
      if (numbers.some((number) => number > mine)) {
        await rm(path, { force: true });
        continue;
      }
      for (const number of numbers)
        if (number < mine) await rm(join(folder, `run.lock.${number}`), { force: true });
      return heldLock(folder, mine, path);
    }
  } finally {
    await rm(claim, { force: true });
  }
}

function heldLock(folder: string, number: number, path: string): RunLock {
  let released = false;
  return {
    folder,
    number,
    async release() {
      if (released) return;
      released = true;
      await writeFileAtomic(path, JSON.stringify(self(true, null)));
    },
  };
}
