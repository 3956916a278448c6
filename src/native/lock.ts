/**
 * One set-up at a time on one cache. The lock only saves a second download: what is published is
 * complete either way, because it arrives by rename (cache.ts).
 *
 * The lock is a file created exclusively; its holder touches it every few seconds, so that a lock
 * whose holder died, on this host or another one, grows old and is taken over.
 */

import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { NativePartError } from './errors.js';

const TOUCH_EVERY = 2_000;
/**
 * A holder on another host that has not touched its lock for this long is dead. Unpacking blocks for less
 * than a second.
 */
const STALE_AFTER = 60_000;
/** A CUDA build may take that long to fetch on a slow line. */
const WAIT_AT_MOST = 60 * 60_000;

export interface LockOptions {
  /** Called once, when another process holds the lock. */
  readonly onWait?: (holder: string) => void;
}

/** Holds the lock file `path` while `work` runs. */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const token = await acquire(path, options);
  const touch = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // Taken over or removed by hand: the work goes on, its result is still published whole.
    }
  }, TOUCH_EVERY);
  touch.unref();
  const onExit = (): void => release(path, token);
  process.once('exit', onExit);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    process.removeListener('exit', onExit);
    release(path, token);
  }
}

let counter = 0;

async function acquire(path: string, options: LockOptions): Promise<string> {
  mkdirSync(dirname(path), { recursive: true });
  const token = JSON.stringify({ host: hostname(), pid: process.pid, n: counter++ });
  const started = performance.now();
  let told = false;
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      writeSync(file, token);
      closeSync(file);
      return token;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(path);
    if (holder === null) continue;
    if (isDead(holder)) {
      takeAway(path, holder.text);
      continue;
    }
    if (!told) options.onWait?.(`process ${holder.pid} on ${holder.host}`);
    told = true;
    if (performance.now() - started > WAIT_AT_MOST) {
      throw new NativePartError(
        'the cache',
        [{ source: path, reason: `held by process ${holder.pid} on ${holder.host} for an hour` }],
        'Remove that file if no set-up runs.',
      );
    }
    await delay(100);
  }
}

interface Holder {
  readonly text: string;
  readonly host: string;
  readonly pid: number;
  /** Milliseconds since it was last touched. */
  readonly age: number;
}

/** The current holder, or null if the lock has just been released. */
function readHolder(path: string): Holder | null {
  try {
    const text = readFileSync(path, 'utf8');
    const age = Date.now() - statSync(path).mtimeMs;
    const [, host = 'an unknown host', pid = '0'] = /^\{"host":"([^"]*)","pid":(\d+),/.exec(text) ?? [];
    return { text, host, pid: Number(pid), age };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function isDead(holder: Holder): boolean {
  if (holder.age > STALE_AFTER) return true;
  if (holder.host !== hostname() || holder.pid === 0) return false;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/**
 * Moves a dead lock aside. Two waiters may both see it dead: a live one that took its place meanwhile is
 * put back.
 */
function takeAway(path: string, text: string): void {
  const aside = `${path}.${process.pid}.${counter++}`;
  try {
    if (readFileSync(path, 'utf8') !== text) return;
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== text) linkSync(aside, path);
    rmSync(aside, { force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}

function release(path: string, token: string): void {
  try {
    if (readFileSync(path, 'utf8') === token) rmSync(path, { force: true });
  } catch {
    // Already gone.
  }
}
