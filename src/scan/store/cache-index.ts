/**
 * What the source files of a scan looked like when their content was hashed, so that opening a warm cache
 * need not read every source byte again.
 *
 * A shortcut, never a proof: it answers "which content hash did these files have", by path, size,
 * modification and change time. Times closer to the hashing than two seconds are not trusted, because a
 * file can change without its time moving on. Anything odd about the index means: hash again.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './cache.js';
import type { CatalogueScan } from '../catalogue/layouts.js';

interface IndexEntry {
  readonly stamp: string;
  readonly contentHash: string;
}

/** How a scan's files look now. */
export interface FileStamp {
  /** Digest of names, sizes and times. */
  readonly stamp: string;
  /** Latest of all their times, milliseconds. */
  readonly newest: number;
}

const format = 1;
const trustAfter = 2000;

/** Errors: the file system's error when a file is gone. */
export function stampFiles(root: string, scan: Pick<CatalogueScan, 'files'>): FileStamp {
  const hash = createHash('sha256');
  let newest = 0;
  for (const file of scan.files) {
    const { size, mtimeMs, ctimeMs, ino } = statSync(join(root, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\0${ctimeMs}\0${ino}\0`);
    newest = Math.max(newest, mtimeMs, ctimeMs);
  }
  return { stamp: hash.digest('hex'), newest };
}

export class CacheIndex {
  private readonly path: string;
  private readonly entries: Map<string, IndexEntry>;
  private changed = false;

  /** One index a data folder: several folders may share a cache. */
  constructor(cacheDir: string, root: string) {
    this.path = join(cacheDir, `index-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.json`);
    this.entries = readEntries(this.path);
  }

  /** The content hash of a scan whose files look as they did, or null. */
  contentHash(id: string, { stamp }: FileStamp): string | null {
    const entry = this.entries.get(id);
    return entry?.stamp === stamp ? entry.contentHash : null;
  }

  /** @param hashedAt clock when the hashing began, milliseconds. */
  remember(id: string, { stamp, newest }: FileStamp, contentHash: string, hashedAt: number): void {
    if (newest > hashedAt - trustAfter) return;
    this.entries.set(id, { stamp, contentHash });
    this.changed = true;
  }

  save(): void {
    if (!this.changed) return;
    writeWhole(this.path, JSON.stringify({ format, entries: Object.fromEntries(this.entries) }));
    this.changed = false;
  }
}

function readEntries(path: string): Map<string, IndexEntry> {
  const entries = new Map<string, IndexEntry>();
  try {
    const read = JSON.parse(readFileSync(path, 'utf8')) as {
      format?: unknown;
      entries?: Record<string, Partial<IndexEntry>>;
    };
    if (read.format !== format) return entries;
    for (const [id, { stamp, contentHash }] of Object.entries(read.entries ?? {})) {
      if (typeof stamp === 'string' && typeof contentHash === 'string' && /^[0-9a-f]{64}$/.test(contentHash))
        entries.set(id, { stamp, contentHash });
    }
  } catch {
    entries.clear();
  }
  return entries;
}
