/** Where the probes leave what they measure: a file for each thread of each process, with a number of bytes. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Environment variable: the folder of the files. */
export const HEAP_FOLDER = 'EMARS_SOAK_HEAPS';
export const HEAP_PERIOD_MS = 5000;
/** An older file is of a thread that has ended, or that had no moment for it: no measurement. */
const OLD_MS = 12 * HEAP_PERIOD_MS;

export const heapFile = (pid: number, thread: number): string => `${pid}-${thread}`;

/** Bytes that the threads of each process hold. */
export function readHeaps(folder: string): Map<number, number> {
  const heaps = new Map<number, number>();
  for (const name of readdirSync(folder)) {
    const [, pid] = /^(\d+)-\d+$/.exec(name) ?? [];
    const path = join(folder, name);
    if (pid === undefined || Date.now() - statSync(path).mtimeMs > OLD_MS) continue;
    heaps.set(Number(pid), (heaps.get(Number(pid)) ?? 0) + Number(readFileSync(path, 'utf8')));
  }
  return heaps;
}
