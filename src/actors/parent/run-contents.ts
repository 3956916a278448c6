/** What a run has for workers on other hosts: its manifest, and where each content of it lies on this host. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Options } from '../../config/options.js';
import { readDataRecord } from '../../run/data-record.js';
import { RunFolderError } from '../../run/error.js';
import type { RunFolder } from '../../run/folder.js';
import type { Manifest } from '../../run/manifest.js';
import { formatManifest } from '../../run/manifest.js';
import type { Split } from '../../run/split.js';
import { readSplit } from '../../run/split.js';
import type { DecodeSettings } from '../../scan/store/cache.js';
import { entryPath } from '../../scan/store/cache.js';
import { decodeSettings, openStore, scanCacheFolder } from '../setup/decoded-scans.js';

/** A content of the run: the bytes of a file, or bytes at hand. */
export type RunContent = { readonly bytes: number } & ({ readonly path: string } | { readonly data: Buffer });

export interface RunContents {
  /** SHA-256 of the manifest. */
  readonly manifest: string;
  readonly bySha256: ReadonlyMap<string, RunContent>;
}

interface Hashed {
  readonly sha256: string;
  readonly bytes: number;
  readonly path: string;
}

/** Reads every decoded scan of the run once. Errors: RunFolderError, those of the scans, of the file system. */
export async function contentsOfRun(folder: RunFolder, options: Options): Promise<RunContents> {
  const [config, split, data] = await Promise.all([folder.config, folder.split, folder.data].map(hashed));
  const weights: Hashed[] = [];
  for (const path of options.cohortWeights ?? []) weights.push(await hashed(path));
  const root = options.data.path ?? folder.phantoms;
  const scans = await decodedScans(folder, options, root);
  const plain = ({ sha256, bytes }: Hashed): { sha256: string; bytes: number } => ({ sha256, bytes });
  const manifest: Manifest = {
    format: 1,
    paths: { scans: root, snapshots: folder.snapshots },
    config: plain(config!),
    split: plain(split!),
    data: plain(data!),
    weights: weights.map(plain),
    scans: scans.map(({ file, ...scan }) => ({ ...scan, ...plain(file) })),
  };
  const text = Buffer.from(formatManifest(manifest));
  const sha256 = createHash('sha256').update(text).digest('hex');
  const files = [config!, split!, data!, ...weights, ...scans.map(({ file }) => file)];
  const bySha256 = new Map<string, RunContent>(files.map((file) => [file.sha256, file]));
  bySha256.set(sha256, { data: text, bytes: text.length });
  return { manifest: sha256, bySha256 };
}

interface ScanFile extends Pick<Manifest['scans'][number], 'id' | 'patient' | 'class' | 'contentHash'> {
  readonly file: Hashed;
}

/** Of training and validation: nobody but the run itself opens the others. */
async function decodedScans(folder: RunFolder, options: Options, root: string): Promise<ScanFile[]> {
  const record = await readDataRecord(folder);
  if (record === null) throw new RunFolderError(folder.data, 'expected this file, found none');
  const hashes = new Map(record.scans.map(({ id, content }) => [id, content]));
  const { train, validation }: Split = await readSplit(folder);
  const settings = decodeSettings(options);
  const found: ScanFile[] = [];
  for (const { id, patient, class: name } of [...train, ...validation]) {
    const contentHash = hashes.get(id)!;
    const file = await decodedFile(contentHash, settings, () => openStore(options, root));
    found.push({ id, patient, class: name, contentHash, file });
  }
  return found;
}

async function decodedFile(
  contentHash: string,
  settings: DecodeSettings,
  decodeAgain: () => Promise<unknown>,
): Promise<Hashed> {
  const path = entryPath(scanCacheFolder(), contentHash, settings);
  try {
    return await hashed(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // Somebody has emptied the cache since the run began.
    await decodeAgain();
    return hashed(path);
  }
}

async function hashed(path: string): Promise<Hashed> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of createReadStream(path)) {
    hash.update(part as Buffer);
    bytes += (part as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes, path };
}

/** A snapshot that lies in the run folder now; null where it does not. */
export async function snapshotContent(folder: RunFolder, sha256: string): Promise<RunContent | null> {
  const path = join(folder.snapshots, sha256);
  try {
    return { path, bytes: (await stat(path)).size };
  } catch {
    return null;
  }
}

/** A part of a content; shorter at its end. */
export async function partOf(content: RunContent, start: number, length: number): Promise<Buffer> {
  if ('data' in content) return content.data.subarray(start, start + length);
  const file = await open(content.path, 'r');
  try {
    const part = Buffer.alloc(Math.max(0, Math.min(length, content.bytes - start)));
    let done = 0;
    while (done < part.length) {
      const { bytesRead } = await file.read(part, done, part.length - done, start + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return part.subarray(0, done);
  } finally {
    await file.close();
  }
}
