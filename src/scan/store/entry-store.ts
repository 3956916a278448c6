/**
 * Scans that others have decoded: a store over entries of the cache of decoded scans that lie in a folder by
 * their own SHA-256. There is no catalogue and no source file; each entry is checked when it is read.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeUnitOrder } from '../catalogue/natural-order.js';
import { ScanError } from '../errors.js';
import type { DecodedScan } from './cache.js';
import { parseEntry } from './cache.js';
import type { ScanStore, StoredScan } from './store.js';

export interface EntryOfScan extends Pick<StoredScan, 'id' | 'patient' | 'class' | 'contentHash'> {
  /** Of the entry's bytes; the name of its file. */
  readonly sha256: string;
}

export interface EntryStoreOptions {
  /** Folder of the entries. */
  readonly folder: string;
  /** Their order gives the labels. */
  readonly classes: readonly string[];
  /** Pixels along both sides of a slice. */
  readonly size: number;
  readonly entries: readonly EntryOfScan[];
  /** Bytes of volumes that are kept in memory; default 2 GiB. */
  readonly memoryBytes?: number;
}

const DEFAULT_MEMORY = 2 * 2 ** 30;

/** Errors: ScanError for an entry that is missing, damaged, or of another scan. */
export function openEntryStore(options: EntryStoreOptions): ScanStore {
  const { folder, classes, size } = options;
  const byId = new Map(options.entries.map((entry) => [entry.id, entry]));
  const kept = new Map<string, DecodedScan>();
  let memoryLeft = options.memoryBytes ?? DEFAULT_MEMORY;
  const read = (entry: EntryOfScan): DecodedScan => {
    const scan = decoded(folder, entry, size);
    if (scan === null)
      throw new ScanError(
        entry.id,
        'its decoded volume is not in the cache of this worker, or damaged; start the worker again to fetch it anew',
      );
    return scan;
  };
  const scans = [...options.entries]
    .sort((a, b) => codeUnitOrder(a.id, b.id))
    .map((entry): StoredScan => {
      const scan = read(entry);
      if (scan.data.byteLength <= memoryLeft) {
        memoryLeft -= scan.data.byteLength;
        kept.set(entry.id, scan);
      }
      const { id, patient, class: name, contentHash } = entry;
      const { depth, source } = scan;
      return { id, patient, class: name, label: classes.indexOf(name), contentHash, depth, source };
    });
  const volume = (id: string): DecodedScan => {
    const entry = byId.get(id);
    if (entry === undefined) throw new RangeError(`no scan with the id ${id} in ${folder}`);
    return kept.get(id) ?? read(entry);
  };
  return { root: folder, layout: 'decoded', size, classes, scans, bad: [], remarks: [], volume };
}

function decoded(folder: string, { sha256, contentHash }: EntryOfScan, size: number): DecodedScan | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(folder, sha256));
  } catch {
    return null;
  }
  if (createHash('sha256').update(bytes).digest('hex') !== sha256) return null;
  return parseEntry(bytes, contentHash, size);
}
