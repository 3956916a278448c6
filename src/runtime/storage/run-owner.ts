/** Who has a folder by its numbered locks (run-lock.ts), and what the kernel says of that process. */
import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { bootId, isSameProcess, isStopped } from '../process/process-table.js';

const LOCK = /^run\.lock\.(\d{1,9})$/;

export interface Owner {
  readonly pid: number;
  /** Null where the owner had no /proc. */
  readonly startTime: string | null;
  readonly host: string;
  readonly boot: string | null;
  readonly released: boolean;
  readonly purpose: string | null;
}

/**
 * The owner named in a lock's text; null for text that is none (a torn file: its writer never had the
 * lock).
 */
export function parseOwner(text: string): Owner | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { pid, startTime, host, boot, released, purpose } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof released !== 'boolean') return null;
    return {
      pid,
      host,
      released,
      startTime: typeof startTime === 'string' ? startTime : null,
      boot: typeof boot === 'string' ? boot : null,
      purpose: typeof purpose === 'string' ? purpose : null,
    };
  } catch {
    return null;
  }
}

export function holds(owner: Owner): boolean {
  if (owner.released) return false;
  if (owner.host !== hostname()) return true;
  if (owner.boot !== bootId()) return false;
  return isSameProcess(owner.pid, owner.startTime);
}

export async function lockNumbers(folder: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await readdir(folder)) {
    const match = LOCK.exec(name);
    if (match !== null) numbers.push(Number(match[1]));
  }
  return numbers.sort((a, b) => a - b);
}

/**
 * What is known of the process with the highest lock. `free`: nobody has ever had the folder, or it is gone;
 * `released`: its last owner ended in order; `dead`: without a word; `stopped`: by a signal, as SIGSTOP;
 * `elsewhere`: on another host.
 */
export type Holder =
  | { readonly is: 'free' | 'released' | 'dead' }
  | { readonly is: 'at-work' | 'stopped'; readonly pid: number; readonly startTime: string | null }
  | { readonly is: 'elsewhere'; readonly pid: number; readonly host: string };

/** Errors: those of the file system, but for a folder that is not there. */
export async function holderOf(folder: string): Promise<Holder> {
  const numbers = await lockNumbers(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const highest = numbers.at(-1);
  if (highest === undefined) return { is: 'free' };
  const text = await readFile(join(folder, `run.lock.${highest}`), 'utf8').catch(() => null);
  // Gone between the two calls: another process took over.
  if (text === null) return holderOf(folder);
  const owner = parseOwner(text);
  if (owner === null) return { is: 'dead' };
  if (owner.released) return { is: 'released' };
  const { pid, host, startTime } = owner;
  if (host !== hostname()) return { is: 'elsewhere', pid, host };
  if (!holds(owner)) return { is: 'dead' };
  return { is: isStopped(pid) ? 'stopped' : 'at-work', pid, startTime };
}
