/**
 * The cache of native parts: a folder outside node_modules, so that `npm ci` does not cost a download.
 *
 *   <cache>/tensorflow/<build>-<version>-<hash>/   libraries and headers, entry.json
 *   <cache>/nats-server/<version>-<hash>/          the binary, entry.json
 *   <cache>/bindings/<key>/                        the compiled binding, entry.json
 *   <cache>/partial/…                              work in progress, never read as valid
 *
 * An entry is made in `partial/` and arrives by one rename, with entry.json inside it: whatever is
 * found under its final name was once complete. It is believed only if its files still have the sizes
 * and modification times that entry.json recorded; where a time differs (a copied or a tampered
 * cache), SHA-256 decides.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { NativePartError, reasonOf } from './errors.js';
import { sha256OfFile } from './wheel.js';

/** What entry.json says. */
export interface Entry {
  readonly format: 1;
  /** Facts of the part: version, source, … Plain strings. */
  readonly facts: Readonly<Record<string, string>>;
  /** Files whose content matters at run time, by path relative to the entry. */
  readonly files: Readonly<
    Record<string, { readonly size: number; readonly mtimeMs: number; readonly sha256: string }>
  >;
}

/** An entry found in the cache. */
export interface CachedPart {
  /** Absolute path of the entry's folder. */
  readonly folder: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** `EMARS_CACHE`, else `$XDG_CACHE_HOME/emars`, else `~/.cache/emars`. Absolute; not created. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['EMARS_CACHE'] ?? '';
  if (own !== '') {
    if (!isAbsolute(own))
      throw new NativePartError(
        'the cache',
        [{ source: 'EMARS_CACHE', reason: `expected an absolute path, got ${JSON.stringify(own)}` }],
        'Set EMARS_CACHE to an absolute path.',
      );
    return own;
  }
  // The XDG specification says to ignore a relative value.
  const base = env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(base) ? base : join(env['HOME'] ?? homedir(), '.cache'), 'emars');
}

/**
 * Reads an entry and checks its files. Null if there is none; `'damaged'` if it must be made again.
 * `thorough` compares every SHA-256 (about a second for TensorFlow), else only where a time differs.
 */
export async function readEntry(folder: string, thorough = false): Promise<CachedPart | 'damaged' | null> {
  let text: string;
  try {
    text = readFileSync(join(folder, 'entry.json'), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return 'damaged';
    return exists(folder) ? 'damaged' : null;
  }
  const entry = parseEntry(text);
  if (entry === null) return 'damaged';
  const files = { ...entry.files };
  let moved = false;
  for (const [name, recorded] of Object.entries(entry.files)) {
    const path = join(folder, name);
    try {
      const { size, mtimeMs } = statSync(path);
      if (size !== recorded.size) return 'damaged';
      if (mtimeMs === recorded.mtimeMs && !thorough) continue;
      if ((await sha256OfFile(path)) !== recorded.sha256) return 'damaged';
      moved ||= mtimeMs !== recorded.mtimeMs;
      files[name] = { ...recorded, mtimeMs };
    } catch {
      return 'damaged';
    }
  }
  if (moved) rememberTimes(folder, { ...entry, files });
  return { folder, facts: entry.facts };
}

/**
 * A copied cache has other times: once its hashes were compared, they are recorded, so that this is paid
 * once.
 */
function rememberTimes(folder: string, entry: Entry): void {
  const temporary = join(folder, `entry.json.${process.pid}`);
  try {
    writeFileSync(temporary, JSON.stringify(entry));
    renameSync(temporary, join(folder, 'entry.json'));
  } catch {
    rmSync(temporary, { force: true }); // A read-only cache: it is compared again next time.
  }
}

/**
 * Makes an entry: `fill` writes into an empty folder and says what is in it; then it takes its final name.
 */
export async function publishEntry(
  cache: string,
  folder: string,
  fill: (partial: string) => Promise<{ facts: Record<string, string>; files: readonly string[] }>,
): Promise<CachedPart> {
  return inPartial(cache, async (partial) => {
    const made = join(partial, 'entry');
    mkdirSync(made);
    const { facts, files } = await fill(made);
    const recorded: Record<string, { size: number; mtimeMs: number; sha256: string }> = {};
    for (const name of files) {
      const { size, mtimeMs } = statSync(join(made, name));
      recorded[name] = { size, mtimeMs, sha256: await sha256OfFile(join(made, name)) };
    }
    const entry: Entry = { format: 1, facts, files: recorded };
    writeFileSync(join(made, 'entry.json'), JSON.stringify(entry));
    mkdirSync(join(folder, '..'), { recursive: true });
    if (exists(folder)) renameSync(folder, join(partial, 'replaced'));
    try {
      renameSync(made, folder);
    } catch (error) {
      // Another set-up on another host was quicker: what it published is as good.
      const theirs = await readEntry(folder);
      if (theirs === null || theirs === 'damaged') throw error;
      return theirs;
    }
    return { folder, facts };
  });
}

let counter = 0;

/** An empty folder under `partial/` while `work` runs; removed afterwards, whatever happens. */
export async function inPartial<T>(cache: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(cache, 'partial', `${process.pid}-${counter++}`);
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new NativePartError(
      'the cache',
      [{ source: cache, reason: reasonOf(error) }],
      'Set EMARS_CACHE to a folder that can be written, with 2 GB free (12 GB for the CUDA build).',
    );
  }
  try {
    return await work(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new NativePartError(
        'the cache',
        [{ source: cache, reason: 'the disk is full' }],
        'Free 2 GB (12 GB for the CUDA build), or set EMARS_CACHE to a folder on a larger disk.',
      );
    }
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Removes what a killed set-up left behind. Call it only while holding the cache's lock. */
export function sweepPartial(cache: string): void {
  const folder = join(cache, 'partial');
  if (!exists(folder)) return;
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}

function parseEntry(text: string): Entry | null {
  try {
    const value = JSON.parse(text) as Partial<Entry> | null;
    return value?.format === 1 && typeof value.facts === 'object' && typeof value.files === 'object'
      ? (value as Entry)
      : null;
  } catch {
    return null;
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
