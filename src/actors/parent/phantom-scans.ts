/** The phantom scans of a run without data of its own: they follow from its options, bit for bit. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Options } from '../../config/options.js';
import type { RunFolder } from '../../run/folder.js';
import { writeFileAtomic } from '../../runtime/storage/atomic-file.js';
import { writePhantoms } from '../../scan/phantom/phantom.js';

export type Preparing = (what: 'phantoms' | 'decoding', done: number, total: number) => void;

/** Makes them once; what is half-made or gone is made again. Resolves to their folder. */
export async function phantomScans(
  folder: RunFolder,
  options: Options,
  onProgress: Preparing,
  signal: AbortSignal,
): Promise<string> {
  const { seed, patients, scansPerPatient, classes, slices, size, contrast, format } = options.data.phantom;
  if (!existsSync(folder.phantomsDone) || !existsSync(folder.phantoms)) {
    await rm(folder.phantoms, { recursive: true, force: true });
    await writePhantoms(folder.phantoms, {
      seed,
      patients,
      scansPerPatient,
      classes,
      shape: [slices, size, size],
      contrast,
      format,
      signal,
      onProgress: (made, total) => onProgress('phantoms', made, total),
    });
    await writeFileAtomic(folder.phantomsDone, '');
  }
  return folder.phantoms;
}
