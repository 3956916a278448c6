/**
 * `data.json`: what the data of a run are, as digests: of `split.json`, and of the source files of every
 * scan in it. Written once; what opens the scans again compares, so that a search never goes on with
 * other data than it began with. The journal holds the digest of this file.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EmarsError } from '../errors/error.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import type { ScanProblem } from '../scan/errors.js';
import { codeUnitOrder } from '../scan/catalogue/natural-order.js';
import { formatSplit } from '../scan/split/split-file.js';
import type { Split } from '../scan/split/split.js';
import { longText, sha256, shortText } from './fields.js';
import type { RunFolder } from './folder.js';
import { parseJson, readOptional, readRequired } from './read-file.js';
import { readSplit } from './split.js';

export const dataRecordSchema = z.object({
  format: z.literal(1),
  /** SHA-256 of `split.json` as the writer of this run writes it. */
  split: sha256,
  /** Class folders or names in the table; their order gives the labels. */
  classes: z.array(shortText).min(1).max(1000),
  /** Scans of all sides, sorted by id. `content`: SHA-256 of their source files. */
  scans: z.array(z.object({ id: longText, content: sha256 })).max(1e6),
});
export type DataRecord = z.infer<typeof dataRecordSchema>;

/** What is found of the scans now. */
export interface FoundScans {
  readonly root: string;
  readonly classes: readonly string[];
  readonly scans: readonly { readonly id: string; readonly contentHash: string }[];
  /** Scans that cannot be read now. */
  readonly bad: readonly ScanProblem[];
}

/** The data are not those that the run began with. */
export class DataChanged extends EmarsError {
  override readonly name = 'DataChanged';
  readonly kind = 'data';
  constructor(readonly problems: readonly string[]) {
    const shown = problems.slice(0, 3).join('; ');
    const more = problems.length > 3 ? `; and ${problems.length - 3} more` : '';
    super(
      `expected the data that this run began with, got others: ${shown}${more}; ` +
        'restore them, or begin a new search with --out',
    );
  }
}

/** The record of a run's data. `found` must hold every scan of `split`. Errors: DataChanged. */
export function dataRecord(split: Split, found: FoundScans): DataRecord {
  const hashes = new Map(found.scans.map(({ id, contentHash }) => [id, contentHash]));
  const problems: string[] = [];
  const scans = [...split.train, ...split.validation, ...split.test]
    .map(({ id }) => id)
    .sort(codeUnitOrder)
    .flatMap((id) => {
      const content = hashes.get(id);
      if (content !== undefined) return [{ id, content }];
      problems.push(absence(id, found));
      return [];
    });
  if (problems.length > 0) throw new DataChanged(problems);
  return { format: 1, split: digestOf(formatSplit(split)), classes: [...found.classes], scans };
}

function absence(id: string, { root, bad }: FoundScans): string {
  const reason = bad.find(({ path }) => path === id)?.reason;
  return reason === undefined ? `scan ${id} is not in ${root} any more` : `scan ${id}: ${reason}`;
}

/**
 * Compares what is found with what the run began with; false where the run has no record of that. Errors: DataChanged,
 * RunFolderError.
 */
export async function hasDataOfRun(
  folder: Pick<RunFolder, 'data' | 'split'>,
  found: FoundScans,
): Promise<boolean> {
  const record = await readDataRecord(folder);
  if (record !== null) requireSameData(record, await readSplit(folder), found);
  return record !== null;
}

/** Errors: DataChanged with each scan that is not what it was; and where the split is not. */
function requireSameData(record: DataRecord, split: Split, found: FoundScans): void {
  const now = dataRecord(split, found);
  const problems: string[] = [];
  if (now.split !== record.split) problems.push('split.json is not as it was written');
  if (now.classes.join('\0') !== record.classes.join('\0'))
    problems.push(
      `${found.root} has the classes ${now.classes.join(', ')} instead of ${record.classes.join(', ')}`,
    );
  const before = new Map(record.scans.map(({ id, content }) => [id, content]));
  for (const { id, content } of now.scans)
    if (before.has(id) && before.get(id) !== content)
      problems.push(`the files of scan ${id} in ${found.root} have changed`);
  if (problems.length > 0) throw new DataChanged(problems);
}

/** Equal bytes for equal data. */
export async function writeDataRecord(folder: RunFolder, record: DataRecord): Promise<void> {
  const scans = record.scans.map((scan) => `  ${JSON.stringify(scan)}`).join(',\n');
  const { split, classes } = record;
  const head = `"split": ${JSON.stringify(split)}, "classes": ${JSON.stringify(classes)}`;
  await writeFileAtomic(folder.data, `{"format": 1, ${head}, "scans": [\n${scans}\n]}\n`);
}

/** Null where there is none: a run of an older version, or a file that was removed. Errors: RunFolderError. */
export async function readDataRecord(folder: Pick<RunFolder, 'data'>): Promise<DataRecord | null> {
  const bytes = await readOptional(folder.data);
  return bytes === null ? null : parseJson(folder.data, dataRecordSchema, bytes);
}

/** What the journal of a run holds of its data: SHA-256 of the file. Errors: RunFolderError if there is none. */
export async function dataDigest(folder: Pick<RunFolder, 'data'>): Promise<string> {
  return digestOf(await readRequired(folder.data, 'the data of this run are not prepared yet'));
}

function digestOf(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
