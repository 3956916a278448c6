/** Before a search goes on: its data must be those that it began with. */
import { rm } from 'node:fs/promises';
import type { Options } from '../../config/options.js';
import { kindOf } from '../../errors/error.js';
import { dataRecord, hasDataOfRun, writeDataRecord } from '../../run/data-record.js';
import type { RunFolder } from '../../run/folder.js';
import { readSplit } from '../../run/split.js';
import { openStore } from '../setup/decoded-scans.js';
import type { Preparing } from './phantom-scans.js';
import { phantomScans } from './phantom-scans.js';

/**
 * Opens every scan of a prepared run and compares. Phantoms that are gone or damaged are made again: they
 * follow from the options. A run without a record of its data gets one; the journal, where it holds the
 * record's digest, still decides. Errors: DataChanged, and what opening scans throws.
 */
export async function checkData(
  folder: RunFolder,
  options: Options,
  onProgress: Preparing,
  signal: AbortSignal,
): Promise<void> {
  const compare = async (): Promise<void> => {
    const root = options.data.path ?? (await phantomScans(folder, options, onProgress, signal));
    const decoded = (done: number, total: number): void => onProgress('decoding', done, total);
    const store = await openStore(options, root, decoded, signal);
    if (!(await hasDataOfRun(folder, store)))
      await writeDataRecord(folder, dataRecord(await readSplit(folder), store));
  };
  try {
    await compare();
  } catch (error) {
    if (options.data.path !== null || kindOf(error) !== 'data') throw error;
    await rm(folder.phantomsDone, { force: true });
    await compare();
  }
}
