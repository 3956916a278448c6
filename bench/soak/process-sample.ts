/** What the kernel says of a process, and what a folder holds. */
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface ProcessSample {
  /** Bytes, resident. */
  readonly memory: number;
  readonly threads: number;
  /** Open files, sockets and the like. */
  readonly handles: number;
}

/** Null for a process that is gone. */
export function sampleProcess(pid: number): ProcessSample | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    const handles = readdirSync(`/proc/${pid}/fd`).length;
    const sample = { memory: 1024 * field('VmRSS'), threads: field('Threads'), handles };
    // A zombie has no memory any more.
    return Number.isNaN(sample.memory) ? null : sample;
  } catch {
    return null;
  }
}

export interface FolderSample {
  readonly files: number;
  readonly bytes: number;
}

/** All below `folder` but what lies in folders named in `without`. Files may come and go meanwhile. */
export async function sampleFolder(folder: string, without: readonly string[] = []): Promise<FolderSample> {
  let [files, bytes] = [0, 0];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (without.includes(entry.name)) continue;
      const inside = await sampleFolder(path);
      files += inside.files;
      bytes += inside.bytes;
    } else {
      const found = await stat(path).catch(() => null);
      if (found === null) continue;
      files++;
      bytes += found.size;
    }
  }
  return { files, bytes };
}
