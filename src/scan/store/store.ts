/**
 * All scans of a data folder, decoded once and ready by id.
 *
 * Opening decodes what the cache does not hold (in a pool of threads), then everything is a synchronous
 * look-up: training reads volumes on the thread that computes. Volumes stay in memory up to a budget;
 * beyond it they are read from the cache each time, checked each time.
 */
import { resolve } from 'node:path';
import { CacheError, readEntry, type DecodedScan, type DecodeSettings, type SourceGrid } from './cache.js';
import { CacheIndex, stampFiles } from './cache-index.js';
import { readCatalogue, type Catalogue, type CatalogueScan } from '../catalogue/catalogue.js';
import type { DicomOptions } from '../catalogue/dicom-series.js';
import { DecodePool, defaultThreads, inLanes } from './decode-pool.js';
import { BadScansError, ScanError, reasonOf, type ScanProblem } from '../errors.js';
import { defaultLimits, type ScanLimits } from '../limits.js';
import { linkedCodec } from '../linked-codec.js';
import { lungWindow, type HounsfieldWindow } from './window.js';
import { codeUnitOrder } from '../catalogue/natural-order.js';

export interface ScanStoreOptions {
  readonly root: string;
  /** Pixels along both sides of a slice. */
  readonly size: number;
  /** Share of each side of a slice that is kept, around its middle: above 0, at most 1; default 1, all. */
  readonly crop?: number;
  /** What is not given is that of the lung window. */
  readonly window?: Partial<HounsfieldWindow>;
  /** Folder of the cache; made when it is not there. Several processes may share it. */
  readonly cacheDir: string;
  /** A scan that cannot be read: give up (default), or go on without it. */
  readonly onBadScan?: 'fail' | 'skip';
  readonly dicom?: DicomOptions;
  readonly limits?: ScanLimits;
  /** Path of the native codec; default: the one that is linked; null: do without. Either gives the same bits. */
  readonly codec?: string | null;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Bytes of volumes that are kept in memory; default 2 GiB. */
  readonly memoryBytes?: number;
}

export interface StoredScan {
  readonly id: string;
  readonly patient: string;
  readonly class: string;
  /** Index into the classes of the store. */
  readonly label: number;
  readonly contentHash: string;
  /** Slices of the scan itself. */
  readonly depth: number;
  readonly source: SourceGrid;
}

export interface ScanStore {
  readonly root: string;
  readonly layout: string;
  readonly size: number;
  readonly classes: readonly string[];
  /** Sorted by id. */
  readonly scans: readonly StoredScan[];
  readonly bad: readonly ScanProblem[];
  /** What can be used, though perhaps not as it was meant. */
  readonly remarks: readonly string[];
  /**
   * `data` is `[depth, size, size]` in [0, 1]. It belongs to the store: read only.
   * Errors: RangeError for an id that is not in the store; ScanError when a cache entry was damaged since
   * opening.
   */
  volume(id: string): DecodedScan;
}

const defaultMemory = 2 * 2 ** 30;

/**
 * Opens a data folder.
 * Errors: CatalogueError, BadScansError (all bad scans at once), CacheError, or the signal's reason.
 */
export async function openScanStore(options: ScanStoreOptions): Promise<ScanStore> {
  if (!Number.isInteger(options.size) || options.size < 1 || options.size > 4096)
    throw new RangeError(`expected a size from 1 to 4096 pixels, got ${options.size}`);
  const { crop = 1 } = options;
  if (!(crop > 0 && crop <= 1))
    throw new RangeError(`expected to keep a share of a slice above 0, at most 1, got ${crop}`);
  options.signal?.throwIfAborted();
  const catalogue = await readCatalogue(options.root, {
    limits: options.limits ?? defaultLimits,
    dicom: options.dicom ?? {},
  });
  const opening = new Opening(options, catalogue);
  await opening.run();
  return opening.store();
}

class Opening {
  private readonly root: string;
  private readonly settings: DecodeSettings;
  private readonly index: CacheIndex;
  private readonly stored: StoredScan[] = [];
  private readonly kept = new Map<string, DecodedScan>();
  private readonly bad: ScanProblem[];
  private memoryLeft: number;
  private pool: DecodePool | null = null;
  private codec: Promise<string | null> | null = null;

  constructor(
    private readonly options: ScanStoreOptions,
    private readonly catalogue: Catalogue,
  ) {
    this.root = resolve(options.root);
    this.settings = {
      size: options.size,
      crop: options.crop ?? 1,
      window: { ...lungWindow, ...options.window },
    };
    this.index = new CacheIndex(options.cacheDir, this.root);
    this.bad = [...catalogue.problems];
    this.memoryLeft = options.memoryBytes ?? defaultMemory;
  }

  async run(): Promise<void> {
    const { scans } = this.catalogue;
    const threads = this.options.threads ?? defaultThreads;
    // Processes that open one cache together start at different scans, and so find each other's entries.
    const start = process.pid % scans.length;
    let done = 0;
    try {
      await inLanes(scans.length, 2 * threads, async (i) => {
        this.options.signal?.throwIfAborted();
        await this.take(scans[(start + i) % scans.length]!, threads);
        this.options.onProgress?.(++done, scans.length);
      });
      this.index.save();
    } finally {
      await this.pool?.destroy();
    }
  }

  store(): ScanStore {
    const { catalogue, options, kept, settings } = this;
    const bad = this.bad.sort((a, b) => codeUnitOrder(a.path, b.path));
    const total = catalogue.scans.length + catalogue.problems.length;
    if (bad.length > 0 && ((options.onBadScan ?? 'fail') === 'fail' || this.stored.length === 0))
      throw new BadScansError(bad, total);
    const scans = this.stored.sort((a, b) => codeUnitOrder(a.id, b.id));
    const hashes = new Map(scans.map(({ id, contentHash }) => [id, contentHash]));
    const volume = (id: string): DecodedScan => {
      const held = kept.get(id);
      if (held !== undefined) return held;
      const contentHash = hashes.get(id);
      if (contentHash === undefined) throw new RangeError(`no scan with the id ${id} in ${catalogue.root}`);
      const read = readEntry(options.cacheDir, contentHash, settings);
      if (read === null)
        throw new ScanError(
          id,
          'its cache entry was damaged or removed while it was in use: start again to decode it anew',
        );
      return read;
    };
    return {
      root: catalogue.root,
      layout: catalogue.layout,
      size: settings.size,
      classes: catalogue.classes,
      scans,
      bad,
      remarks: catalogue.remarks,
      volume,
    };
  }

  /** From the cache if it can be, else through the pool. */
  private async take(scan: CatalogueScan, threads: number): Promise<void> {
    try {
      const stamp = stampFiles(this.root, scan);
      const known = this.index.contentHash(scan.path, stamp);
      const warm = known === null ? null : this.read(known);
      if (known !== null && warm !== null) {
        this.keep(scan, known, warm);
        return;
      }
      const hashedAt = Date.now();
      this.pool ??= new DecodePool(threads, this.options.signal);
      const codec = (this.codec ??=
        this.options.codec === undefined ? linkedCodec() : Promise.resolve(this.options.codec));
      const outcome = await this.pool.run('cacheScan', {
        root: this.root,
        scan: { path: scan.path, files: scan.files },
        limits: this.options.limits ?? defaultLimits,
        settings: this.settings,
        cacheDir: this.options.cacheDir,
        codec: await codec,
      });
      if (!outcome.ok && outcome.environment)
        throw new CacheError(outcome.problem.path, outcome.problem.reason);
      if (!outcome.ok) {
        this.bad.push(outcome.problem);
        return;
      }
      const { contentHash } = outcome.value;
      const decoded = this.read(contentHash);
      if (decoded === null)
        throw new CacheError(
          this.options.cacheDir,
          `the entry of ${scan.path} is damaged as soon as it is written`,
        );
      this.index.remember(scan.path, stamp, contentHash, hashedAt);
      this.keep(scan, contentHash, decoded);
    } catch (error) {
      this.options.signal?.throwIfAborted();
      if (error instanceof CacheError) throw error;
      this.bad.push({ path: scan.path, reason: reasonOf(error) });
    }
  }

  private read(contentHash: string): DecodedScan | null {
    return readEntry(this.options.cacheDir, contentHash, this.settings);
  }

  private keep(scan: CatalogueScan, contentHash: string, decoded: DecodedScan): void {
    const label = this.catalogue.classes.indexOf(scan.class);
    this.stored.push({
      id: scan.path,
      patient: scan.patient,
      class: scan.class,
      label,
      contentHash,
      depth: decoded.depth,
      source: decoded.source,
    });
    if (decoded.data.byteLength > this.memoryLeft) return;
    this.memoryLeft -= decoded.data.byteLength;
    this.kept.set(scan.path, decoded);
  }
}
