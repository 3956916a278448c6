/**
 * Snapshots: files named by the SHA-256 of what they hold.
 *
 * The name is the check: a file that was cut short, flipped or swapped with another run's is found out
 * when it is read, and two writers of the same content cannot disturb each other. Written like every
 * file that must not be half there: temporary name, fsync, rename, fsync of the folder.
 */
import type { ErrorKind } from '../../errors/error.js';
import { EmarsError } from '../../errors/error.js';
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { withFailpoints } from '../failpoint/failpoint.js';
import { syncFolder } from './atomic-file.js';
import { isSameProcess, processStartTime } from '../process/process-table.js';

/** Bytes hashed and written at a time: small enough that the event loop breathes in between. */
const PIECE_BYTES = 4 * 1024 * 1024;
const SHA256 = /^[0-9a-f]{64}$/;
const TEMPORARY = /^\.writing-(\d+)-(\w+)-\d+$/;

/** A snapshot is missing, is not what its name says, or cannot be written. */
export class SnapshotError extends EmarsError {
  override readonly name = 'SnapshotError';
  readonly kind: ErrorKind;
  /** The system's code where it was the system that refused: ENOSPC, EIO… */
  readonly code: string | null;
  constructor(
    readonly path: string,
    readonly reason: 'missing' | 'mismatch' | 'bad-name' | 'read-failed' | 'write-failed',
    message: string,
    { code, cause }: { readonly code?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(`snapshot ${path}: ${message}`, cause === undefined ? undefined : { cause });
    this.code = code ?? null;
    this.kind = reason === 'write-failed' ? 'environment' : 'damaged';
  }
}

let writes = 0;
/** Temporary names of this process that are being written now. */
const underWay = new Set<string>();

/**
 * Writes the concatenation of `parts` (read only; the caller must not change them before this resolves)
 * to `folder`, which is made if need be. Resolves when the file survives a power cut.
 *
 * Errors: SnapshotError ('write-failed', with the system's `code`); no half file stays behind.
 */
export async function writeSnapshot(
  folder: string,
  parts: readonly Uint8Array[],
): Promise<{ sha256: string; bytes: number }> {
  const temporary = `.writing-${process.pid}-${processStartTime(process.pid) ?? 'x'}-${writes++}`;
  const path = join(folder, temporary);
  underWay.add(temporary);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(path, 'wx', 0o644);
    let written: { sha256: string; bytes: number };
    try {
      written = await withFailpoints('snapshot-write', () => writeParts(file, parts));
      await withFailpoints('snapshot-sync', () => file.sync());
    } finally {
      await file.close();
    }
    await withFailpoints('snapshot-rename', () => rename(path, join(folder, written.sha256)));
    await withFailpoints('snapshot-folder-sync', () => syncFolder(folder));
    return written;
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    const code = (error as NodeJS.ErrnoException).code;
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    throw new SnapshotError(
      folder,
      'write-failed',
      `cannot write ${bytes} bytes (${code ?? String(error)})`,
      { code, cause: error },
    );
  } finally {
    underWay.delete(temporary);
  }
}

async function writeParts(
  file: FileHandle,
  parts: readonly Uint8Array[],
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const part of parts) {
    for (let at = 0; at < part.byteLength; at += PIECE_BYTES) {
      const piece = part.subarray(at, at + PIECE_BYTES);
      hash.update(piece);
      let done = 0;
      while (done < piece.byteLength) {
        done += (await file.write(piece, done, piece.byteLength - done, bytes + done)).bytesWritten;
      }
      bytes += piece.byteLength;
    }
  }
  return { sha256: hash.digest('hex'), bytes };
}

/**
 * The content of snapshot `sha256`, verified; the buffer belongs to the caller.
 *
 * Errors: SnapshotError: 'missing', 'mismatch' (the file is not what its name says), 'bad-name',
 * 'read-failed'.
 */
export async function readSnapshot(folder: string, sha256: string): Promise<Buffer> {
  const path = join(folder, SHA256.test(sha256) ? sha256 : '?');
  if (!SHA256.test(sha256))
    throw new SnapshotError(
      path,
      'bad-name',
      `expected 64 hexadecimal digits, got ${JSON.stringify(sha256.slice(0, 80))}`,
    );
  let content: Buffer;
  const hash = createHash('sha256');
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      content = Buffer.allocUnsafeSlow(size);
      let at = 0;
      while (at < size) {
        const { bytesRead } = await file.read(content, at, Math.min(PIECE_BYTES, size - at), at);
        if (bytesRead === 0) break;
        hash.update(content.subarray(at, at + bytesRead));
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const details = { code, cause: error };
    if (code === 'ENOENT') throw new SnapshotError(path, 'missing', 'there is no such file', details);
    throw new SnapshotError(path, 'read-failed', `cannot be read (${code ?? String(error)})`, details);
  }
  const found = hash.digest('hex');
  if (found !== sha256)
    throw new SnapshotError(
      path,
      'mismatch',
      `the ${content.byteLength} bytes there have the hash ${found}: the file is damaged or another one`,
    );
  return content;
}

/**
 * Removes the snapshots that are not in `shas`, and the temporary files of writers that are gone.
 * Other files in the folder are left alone. Resolves to the names of the snapshots removed.
 */
export async function keepOnly(folder: string, shas: Iterable<string>): Promise<string[]> {
  const keep = new Set(shas);
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const removed: string[] = [];
  for (const name of names) {
    if (SHA256.test(name) && !keep.has(name)) {
      await rm(join(folder, name), { force: true });
      removed.push(name);
    } else if (isLeftover(name)) {
      await rm(join(folder, name), { force: true });
    }
  }
  return removed.sort();
}

function isLeftover(name: string): boolean {
  const match = TEMPORARY.exec(name);
  if (match === null || underWay.has(name)) return false;
  const pid = Number(match[1]);
  // Our own threads have their own list, so what carries our identity is never a leftover.
  return !isSameProcess(pid, match[2] === 'x' ? null : match[2]!);
}
