/**
 * What a decode thread does with one scan. Loaded by the pool (`decode-pool.ts`); each export is a task.
 *
 * Errors come back as values: an error class does not survive the way between threads.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CacheError, readEntry, writeEntry, type DecodedScan, type DecodeSettings } from './cache.js';
import { stampFiles } from './cache-index.js';
import { ScanError, reasonOf, type ScanProblem } from '../errors.js';
import { formatOf } from '../catalogue/formats.js';
import type { CatalogueScan } from '../catalogue/layouts.js';
import type { ScanLimits } from '../limits.js';
import { applyWindow } from './window.js';
import { ValueRange, openScan } from '../readers/read-scan.js';
import type { OpenScan } from '../readers/reader.js';
import { readWhole } from '../readers/reader.js';
import { SliceResizer } from './resample.js';

export interface ScanTask {
  readonly root: string;
  readonly scan: Pick<CatalogueScan, 'path' | 'files'>;
  readonly limits: ScanLimits;
}

export interface CacheTask extends ScanTask {
  readonly settings: DecodeSettings;
  readonly cacheDir: string;
}

/** `environment`: the machine failed (disk full), not the scan. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: ScanProblem; readonly environment: boolean };

/** What `inspect` says of a scan. */
export type ScanFacts = Pick<OpenScan, 'shape' | 'dtype' | 'spacing'> & {
  readonly min: number;
  readonly max: number;
};

/** Hashes a scan's files and makes sure that the cache holds a good entry of it. */
export function cacheScan(task: CacheTask): Promise<Outcome<{ contentHash: string }>> {
  return outcome(task, async () => {
    const { root, scan, settings, cacheDir } = task;
    const before = stampFiles(root, scan);
    const contentHash = await hashFiles(task);
    if (readEntry(cacheDir, contentHash, settings) !== null) return { contentHash };
    const decoded = await decodeScan(await openCatalogued(task), settings);
    if (stampFiles(root, scan).stamp !== before.stamp)
      throw new ScanError(scan.path, 'the files changed while they were read');
    writeEntry(cacheDir, contentHash, settings, decoded);
    return { contentHash };
  });
}

/** Decodes a scan for its facts; keeps nothing. */
export function inspectScan(task: ScanTask): Promise<Outcome<ScanFacts>> {
  return outcome(task, async () => {
    const open = await openCatalogued(task);
    const range = new ValueRange();
    for await (const slice of open.slices()) range.include(slice);
    return { shape: open.shape, dtype: open.dtype, min: range.min, max: range.max, spacing: open.spacing };
  });
}

/**
 * The catalogue takes a TIFF directly in a class folder for a volume of pages, without opening it. With one
 * page it is a slice that lies where no patient is named.
 */
async function openCatalogued({ root, scan, limits }: ScanTask): Promise<OpenScan> {
  const open = await openScan(root, scan, limits);
  if (formatOf(scan.path) === 'tiff' && open.shape[0] === 1)
    throw new ScanError(
      scan.path,
      'has one page: a TIFF that is a whole scan holds its slices as pages; single slices lie in class/patient/',
    );
  return open;
}

/** Window first, then crop and resize: averaging must not mix in what lies far outside the window. */
async function decodeScan(open: OpenScan, settings: DecodeSettings): Promise<DecodedScan> {
  const [depth, height, width] = open.shape;
  const area = settings.size * settings.size;
  const data = new Float32Array(depth * area);
  const resizer = new SliceResizer(height, width, settings.size, settings.crop);
  let z = 0;
  for await (const slice of open.slices()) {
    applyWindow(slice, open.unit, settings.window);
    resizer.resize(slice, data.subarray(z * area, (z + 1) * area));
    z++;
  }
  return { data, depth, source: { height, width, spacing: open.spacing } };
}

/** SHA-256 over lengths and bytes of the files in order; their names do not count. */
async function hashFiles({ root, scan, limits }: ScanTask): Promise<string> {
  const hash = createHash('sha256');
  for (const file of scan.files) {
    const bytes = await readWhole(join(root, file), file, limits);
    hash.update(`${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

async function outcome<T>(task: ScanTask, work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const environment = error instanceof CacheError;
    const path = error instanceof ScanError || environment ? error.path : task.scan.path;
    return { ok: false, problem: { path, reason: reasonOf(error) }, environment };
  }
}
