/**
 * The cache of decoded scans: one file a scan, named by what it was made from.
 *
 * The name is the SHA-256 of the content of the source files and of every setting that decides a value,
 * so an entry can never be stale; it can only be damaged, and its own checksum finds that out. Entries
 * are written under another name and renamed: a process that opens the same cache sees all of an entry
 * or nothing of it.
 *
 * Layout: magic (8 bytes), length of the header (4 bytes), header (JSON, padded with spaces so that the
 * voxels are aligned), voxels (float32, little-endian, `[depth, size, size]`).
 */
import { EmarsError } from '../../errors/error.js';
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../errors.js';
import type { HounsfieldWindow } from './window.js';

/** Everything apart from the content that decides the values of an entry. */
export interface DecodeSettings {
  /** Pixels along both sides of a slice. */
  readonly size: number;
  /** Share of each side of a slice that is kept, around its middle. */
  readonly crop: number;
  readonly window: HounsfieldWindow;
}

/** The slices of a scan before they were brought to a size. */
export interface SourceGrid {
  readonly height: number;
  readonly width: number;
  /** Millimetres [z, y, x]; null where the files do not say. */
  readonly spacing: readonly [z: number, y: number, x: number] | null;
}

/** A decoded scan: `data` is `[depth, size, size]` in [0, 1]. */
export interface DecodedScan {
  readonly data: Float32Array;
  readonly depth: number;
  readonly source: SourceGrid;
}

interface EntryHeader extends SourceGrid {
  readonly contentHash: string;
  readonly depth: number;
  readonly size: number;
  readonly sha256: string;
}

const magic = Buffer.from('EMARSVOL', 'latin1');
const prefixBytes = magic.length + 4;

/** Raised whenever a change of ours alters what an entry holds, so that old entries are no longer found. */
const decoderVersion = 2;

/** A cache folder that cannot be written. */
export class CacheError extends EmarsError {
  override readonly name = 'CacheError';
  readonly kind = 'environment';
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`the cache of decoded scans cannot be written at ${path}: ${reason}`);
  }
}

/** The name of an entry: 64 hexadecimal digits. */
function entryKey(contentHash: string, { size, crop, window }: DecodeSettings): string {
  // Entries of whole slices keep the name that they had before there was a crop.
  const cropped = crop === 1 ? [] : [crop];
  const made = [decoderVersion, contentHash, size, window.low, window.high, window.offset, ...cropped];
  return sha256(Buffer.from(JSON.stringify(made)));
}

/** Reads and checks an entry; null when it is not there or damaged in any way. */
export function readEntry(
  cacheDir: string,
  contentHash: string,
  settings: DecodeSettings,
): DecodedScan | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(entryPath(cacheDir, contentHash, settings));
  } catch {
    return null;
  }
  return parseEntry(bytes, contentHash, settings.size);
}

/** The scan in the bytes of an entry; null when they are none of that content and size, or damaged in any way. */
export function parseEntry(bytes: Buffer, contentHash: string, size: number): DecodedScan | null {
  if (bytes.length < prefixBytes || !bytes.subarray(0, magic.length).equals(magic)) return null;
  const headerEnd = prefixBytes + bytes.readUInt32LE(magic.length);
  const header = parseHeader(bytes.subarray(prefixBytes, headerEnd));
  if (header === null || header.contentHash !== contentHash || header.size !== size) return null;
  const voxels = bytes.subarray(headerEnd);
  if (voxels.length !== header.depth * header.size * header.size * 4 || sha256(voxels) !== header.sha256)
    return null;
  const data = new Float32Array(voxels.length / 4);
  new Uint8Array(data.buffer).set(voxels);
  const { depth, height, width, spacing } = header;
  return { data, depth, source: { height, width, spacing } };
}

/**
 * Writes an entry so that others see it whole or not at all.
 * Errors: CacheError
 */
export function writeEntry(
  cacheDir: string,
  contentHash: string,
  settings: DecodeSettings,
  { data, depth, source }: DecodedScan,
): void {
  const voxels = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const header: EntryHeader = {
    contentHash,
    depth,
    size: settings.size,
    ...source,
    sha256: sha256(voxels),
  };
  const text = JSON.stringify(header);
  const json = Buffer.from(
    text.padEnd(Math.ceil((prefixBytes + text.length) / 16) * 16 - prefixBytes),
    'latin1',
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  writeWhole(entryPath(cacheDir, contentHash, settings), Buffer.concat([magic, length, json, voxels]));
}

/** Writes a file under another name in the same folder and renames it. */
export function writeWhole(path: string, bytes: Buffer | string): void {
  const draft = `${path}.${randomUUID()}.part`;
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(draft, bytes, { flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    removeDraft(draft);
    throw new CacheError(path, reasonOf(error));
  }
}

/** The first failure is the one to tell; that the draft cannot be removed either adds nothing. */
function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    return;
  }
}

/** Where the entry of a scan lies, if it is there. */
export function entryPath(cacheDir: string, contentHash: string, settings: DecodeSettings): string {
  return join(cacheDir, `${entryKey(contentHash, settings)}.volume`);
}

function parseHeader(bytes: Buffer): EntryHeader | null {
  try {
    const header = JSON.parse(bytes.toString('latin1')) as Partial<EntryHeader>;
    const { contentHash, depth, size, height, width, spacing, sha256: digest } = header;
    if (typeof contentHash !== 'string' || typeof digest !== 'string') return null;
    if (!isCount(depth) || !isCount(size) || !isCount(height) || !isCount(width)) return null;
    if (spacing === undefined || (spacing !== null && !isSpacing(spacing))) return null;
    return { contentHash, depth, size, height, width, spacing, sha256: digest };
  } catch {
    return null;
  }
}

function isCount(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && value! >= 1;
}

function isSpacing(value: readonly number[]): boolean {
  return Array.isArray(value) && value.length === 3 && value.every((each) => each > 0);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
