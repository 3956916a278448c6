/**
 * What a data folder holds, scan by scan, as `emars data inspect` prints it. Decodes everything, keeps
 * nothing.
 */
import { resolve } from 'node:path';
import { readCatalogue, type CatalogueScan } from './catalogue.js';
import type { DicomOptions } from './dicom-series.js';
import type { ScanFacts } from '../store/decode-worker.js';
import { DecodePool, defaultThreads, inLanes } from '../store/decode-pool.js';
import type { ScanProblem } from '../errors.js';
import { linkedCodec } from '../linked-codec.js';
import { defaultLimits, type ScanLimits } from '../limits.js';
import { codeUnitOrder } from './natural-order.js';
import { expectedSplitRemarks, scanRemarks } from './remarks.js';

export interface InspectOptions {
  readonly dicom?: DicomOptions;
  readonly limits?: ScanLimits;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface InspectedScan extends ScanFacts {
  readonly path: string;
  readonly patient: string;
  readonly class: string;
}

export interface Inspection {
  readonly layout: string;
  /** Patients and readable scans of each class. A patient with scans in two classes counts in both. */
  readonly classes: Readonly<Record<string, { readonly patients: number; readonly scans: number }>>;
  /**
   * Readable scans, sorted by path. `min`, `max`: of the values as stored; `spacing`: millimetres [z, y,
   * x], or null.
   */
  readonly scans: readonly InspectedScan[];
  readonly problems: readonly ScanProblem[];
  /** What can be used, and what a person should know of it. */
  readonly remarks: readonly string[];
}

/** Errors: CatalogueError when the folder cannot be used at all. */
export async function inspectData(root: string, options: InspectOptions = {}): Promise<Inspection> {
  options.signal?.throwIfAborted();
  const limits = options.limits ?? defaultLimits;
  const catalogue = await readCatalogue(root, { limits, dicom: options.dicom ?? {} });
  const threads = options.threads ?? defaultThreads;
  const scans: InspectedScan[] = [];
  const problems: ScanProblem[] = [...catalogue.problems];
  const codec = await linkedCodec();
  const pool = new DecodePool(threads, options.signal);
  let done = 0;
  try {
    await inLanes(catalogue.scans.length, 2 * threads, async (i) => {
      options.signal?.throwIfAborted();
      const scan = catalogue.scans[i]!;
      const outcome = await pool.run('inspectScan', {
        root: resolve(root),
        scan: { path: scan.path, files: scan.files },
        limits,
        codec,
      });
      if (outcome.ok) scans.push(inspected(scan, outcome.value));
      else problems.push(outcome.problem);
      options.onProgress?.(++done, catalogue.scans.length);
    });
  } finally {
    await pool.destroy();
  }
  scans.sort((a, b) => codeUnitOrder(a.path, b.path));
  problems.sort((a, b) => codeUnitOrder(a.path, b.path));
  const classes = Object.fromEntries(
    catalogue.classes.map((name) => {
      const own = scans.filter((scan) => scan.class === name);
      return [
        name,
        { patients: new Set(own.map(({ patient }) => patient)).size, scans: own.length },
      ] as const;
    }),
  );
  const known = scans.map((scan) => ({ ...scan, id: scan.path, depth: scan.shape[0] }));
  const remarks = [...catalogue.remarks, ...scanRemarks(known), ...expectedSplitRemarks(known)];
  return { layout: catalogue.layout, classes, scans, problems, remarks };
}

/**
 * Values are held in single precision: more than seven digits of a fraction are noise (2.690000057220459).
 */
function shortest(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(7));
}

/** The keys in the order in which they are printed. */
function inspected(
  { path, patient, class: className }: CatalogueScan,
  { shape, dtype, min, max, spacing }: ScanFacts,
): InspectedScan {
  return { path, patient, class: className, shape, dtype, min: shortest(min), max: shortest(max), spacing };
}
