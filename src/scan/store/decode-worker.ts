/**
 * What a decode thread does with one scan. Loaded by the pool (`decode-pool.ts`); each export is a task.
 *
 * Errors come back as values: an error class does not survive the way between threads.
 */
import { createHash } from 'node:crypto';
import { CacheError, readEntry, writeEntry, type DecodedScan, type DecodeSettings } from './cache.js';
import { stampFiles } from './cache-index.js';
import { ScanError, reasonOf, type ScanProblem } from '../errors.js';
import { formatOf } from '../catalogue/formats.js';
import type { CatalogueScan } from '../catalogue/layouts.js';
import type { ScanLimits } from '../limits.js';
import { loadCodec, type NativeCodec } from '../native-codec.js';
import { ValueRange, openScan } from '../readers/read-scan.js';
import type { OpenScan } from '../readers/reader.js';
import { ScanSource } from '../readers/source.js';
import { SlicePreparer } from './prepare-slices.js';

export interface ScanTask {
  readonly root: string;
  readonly scan: Pick<CatalogueScan, 'path' | 'files'>;
  readonly limits: ScanLimits;
  /** Path of the native codec; null: do without. */
  readonly codec: string | null;
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
    const codec = loadCodec(task.codec);
    const { limits } = task;
    const source = new ScanSource(root, { limits, codec, keepBytes: limits.fileBytes });
    const contentHash = hashFiles(source, scan.files);
    if (readEntry(cacheDir, contentHash, settings) !== null) return { contentHash };
    const decoded = await decodeScan(await openCatalogued(source, scan), settings, codec);
    if (stampFiles(root, scan).stamp !== before.stamp)
      throw new ScanError(scan.path, 'the files changed while they were read');
    writeEntry(cacheDir, contentHash, settings, decoded);
    return { contentHash };
  });
}

/** Decodes a scan for its facts; keeps nothing. */
export function inspectScan(task: ScanTask): Promise<Outcome<ScanFacts>> {
  return outcome(task, async () => {
    const { root, scan, limits } = task;
    const source = new ScanSource(root, { limits, codec: loadCodec(task.codec) });
    const open = await openCatalogued(source, scan);
    const range = new ValueRange();
    for await (const slice of open.slices()) range.include(slice);
    return { shape: open.shape, dtype: open.dtype, min: range.min, max: range.max, spacing: open.spacing };
  });
}

/**
 * The catalogue takes a TIFF directly in a class folder for a volume of pages, without opening it. With one
 * page it is a slice that lies where no patient is named.
 */
async function openCatalogued(source: ScanSource, scan: ScanTask['scan']): Promise<OpenScan> {
  const open = await openScan(source, scan);
  if (formatOf(scan.path) === 'tiff' && open.shape[0] === 1)
    throw new ScanError(
      scan.path,
      'has one page: a TIFF that is a whole scan holds its slices as pages; single slices lie in class/patient/',
    );
  return open;
}

async function decodeScan(
  open: OpenScan,
  settings: DecodeSettings,
  codec: NativeCodec | null,
): Promise<DecodedScan> {
  const [depth, height, width] = open.shape;
  const area = settings.size * settings.size;
  const data = new Float32Array(depth * area);
  const preparer = new SlicePreparer({ height, width, unit: open.unit }, settings, codec);
  let z = 0;
  for await (const slice of open.slices()) {
    preparer.prepare(slice, data.subarray(z * area, (z + 1) * area));
    z++;
  }
  return { data, depth, source: { height, width, spacing: open.spacing } };
}

/** SHA-256 over lengths and bytes of the files in order; their names do not count. */
function hashFiles(source: ScanSource, files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = source.bytes(file);
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
