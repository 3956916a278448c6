/** `split.json`: which scan of a run is on which side, and whose it is. */
import { z } from 'zod';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { formatSplit } from '../scan/split/split-file.js';
import type { Split } from '../scan/split/split.js';
import { longText, shortText } from './fields.js';
import type { RunFolder } from './folder.js';
import { parseJson, readRequired } from './read-file.js';

export type { Split } from '../scan/split/split.js';

const scans = z.array(z.object({ id: longText, patient: shortText, class: shortText })).max(1e6);
const share = z.number().min(0).max(1);

export const splitSchema = z.object({
  format: z.literal(1),
  classes: z.array(shortText).min(1).max(1000),
  /** Null for a split that was given, not drawn. */
  seed: z.number().int().nullable().default(null),
  /** Shares of the patients; the rest trains. */
  fractions: z.object({ validation: share, test: share.optional() }).nullable().default(null),
  train: scans,
  validation: scans,
  test: scans,
});

/** Sorted by id, one scan a line, equal bytes for equal splits. */
export async function writeSplit(folder: RunFolder, split: Split): Promise<void> {
  await writeFileAtomic(folder.split, formatSplit(split));
}

/** Errors: RunFolderError for a missing or damaged file. */
export async function readSplit(folder: Pick<RunFolder, 'split'>): Promise<Split> {
  return parseSplit(folder.split, await readRequired(folder.split, 'the data of this run are not split yet'));
}

export function parseSplit(path: string, bytes: Uint8Array): Split {
  return parseJson(path, splitSchema, bytes);
}
