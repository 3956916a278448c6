/**
 * Makes a run folder: configuration, scans (phantoms where there are none), split. Every scan is
 * decoded into the cache here, so that a broken file is told before anything is started, and the
 * workers find all of it ready.
 */
import { EmarsError } from '../../errors/error.js';
import { mkdir } from 'node:fs/promises';
import { positiveClass } from '../../config/positive.js';
import type { Options } from '../../config/options.js';
import { scanRemarks, splitRemarks } from '../../scan/catalogue/remarks.js';
import type { ScanProblem } from '../../scan/errors.js';
import { readSplit } from '../../scan/split/split-file.js';
import { requireClassesOnSides, splitByPatient, withoutScans } from '../../scan/split/split.js';
import type { ScanStore } from '../../scan/store/store.js';
import { writeOptions } from '../../run/config.js';
import { dataRecord, writeDataRecord } from '../../run/data-record.js';
import type { RunFolder } from '../../run/folder.js';
import { writeSplit } from '../../run/split.js';
import { stepsPerEpoch } from '../../config/quantities.js';
import { openStore } from '../setup/decoded-scans.js';
import type { Preparing } from './phantom-scans.js';
import { phantomScans } from './phantom-scans.js';

/** The data does not allow the search that the configuration asks for. */
export class DataUnfit extends EmarsError {
  override readonly name = 'DataUnfit';
  readonly kind = 'data';
}

export interface PreparedRun {
  readonly badScans: readonly ScanProblem[];
  /** What a person should know of the data; for phantoms too. */
  readonly remarks: readonly string[];
}

/**
 * Prepares a new run, or what an interrupted preparation left. Writes the split last: a folder with
 * `split.json` is ready. Errors: CatalogueError, BadScansError, SplitError, DataUnfit,
 * ConfigError for a `data.positive` that is no class.
 */
export async function prepareRun(
  folder: RunFolder,
  options: Options,
  onProgress: Preparing,
  signal: AbortSignal,
): Promise<PreparedRun> {
  await mkdir(folder.snapshots, { recursive: true });
  await writeOptions(folder, options);
  const root = options.data.path ?? (await phantomScans(folder, options, onProgress, signal));
  const store = await openStore(options, root, (done, total) => onProgress('decoding', done, total), signal);
  // Names of classes are known only now; a misspelt one would be noticed in the report alone.
  positiveClass(options, store.classes);
  if (store.classes.length < 2)
    throw new DataUnfit(`expected scans of at least two classes, got ${store.classes.join(', ')} in ${root}`);
  const split = await splitOf(options, store);
  requireClassesOnSides(split);
  if (stepsPerEpoch(split.train.length, options.training.batch) === 0)
    throw new DataUnfit(
      `expected at least ${options.training.batch} training scans (training.batch), got ` +
        `${split.train.length} of ${store.scans.length} scans in ${root}; lower training.batch or ` +
        'add scans',
    );
  await writeDataRecord(folder, dataRecord(split, store));
  await writeSplit(folder, split);
  return {
    badScans: store.bad,
    remarks: [...store.remarks, ...scanRemarks(store.scans), ...splitRemarks(split.validation.length)],
  };
}

async function splitOf(options: Options, store: ScanStore): Promise<ReturnType<typeof splitByPatient>> {
  const { file, validation, test, seed } = options.data.split;
  if (file === null)
    return splitByPatient(store.scans, { fractions: { validation, ...(test > 0 ? { test } : {}) }, seed });
  const known = [...store.scans, ...store.bad.map(({ path }) => ({ id: path, patient: path, class: '' }))];
  const split = await readSplit(file, store.bad.length > 0 ? known : store.scans, { seed, validation });
  return withoutScans(split, new Set(store.bad.map(({ path }) => path)));
}
