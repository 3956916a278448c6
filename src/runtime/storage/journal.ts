/**
 * An append-only journal: what `append` has resolved for is on the disk, and is read back in order.
 *
 * Format 1, little-endian:
 *   file   = "EMARSJNL", u32 format, u32 crc32 of those 12 bytes, group*
 *   group  = u32 mark, u32 length, u32 crc32 (of the length field and the payload), payload
 *   payload= (u32 record length, record bytes)*, `length` bytes in all
 * A group is what one fdatasync covers, and the next group is only written after it. So after a crash
 * at most the last group can be damaged, in whatever order the disk wrote its pages. Hence the rule of
 * `openJournal`: a damaged last group is a torn tail, nobody acted on it, it is cut off; a damaged
 * group with an intact one behind it is corruption, and is refused with its offset.
 *
 * Limit, said aloud: a bit that flips in the very last group looks like a torn tail. The caller is told
 * (`tornBytes`) and the work since the group before is repeated.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { syncFolder } from './atomic-file.js';

const MAGIC = Buffer.from('EMARSJNL', 'latin1');
const FORMAT = 1;
const FILE_HEADER_BYTES = 16;
const GROUP_MARK = 0x31505247; // "GRP1"
const GROUP_HEADER_BYTES = 12;
/** Largest record, bytes. Bigger things belong in a snapshot. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

/** The journal cannot be read, or can no longer be written. `offset`: byte of the file, where one is to blame. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  constructor(
    readonly path: string,
    readonly reason:
      'cannot-open' | 'not-a-journal' | 'corrupt' | 'write-failed' | 'closed' | 'record-too-large',
    message: string,
    readonly offset?: number,
    /** The system's code where it was the system that refused: ENOSPC, EIO, EROFS… */
    readonly code?: string,
    cause?: unknown,
  ) {
    super(`journal ${path}: ${message}`, cause === undefined ? undefined : { cause });
  }
}

interface Waiting {
  readonly records: Uint8Array[];
  resolve(): void;
  reject(error: JournalError): void;
}

/** The writing side. One per file and process; a run lock keeps other processes out. */
export class Journal {
  private readonly waiting: Waiting[] = [];
  private writer: Promise<void> | undefined;
  private failure: JournalError | undefined;

  /** @internal Use openJournal. */
  constructor(
    readonly path: string,
    /** Bytes of a damaged last group that `openJournal` cut off; 0 after a clean end. */
    readonly tornBytes: number,
    private readonly file: FileHandle,
    private end: number,
  ) {}

  /** Length of the durable part of the file, bytes. */
  get bytes(): number {
    return this.end;
  }

  /**
   * Appends one record and resolves after fdatasync. The bytes are copied at the call. Records keep the
   * order of the calls; calls made while the disk is busy share the next fdatasync.
   * Throws JournalError: after a failed write (ENOSPC, EIO…) every later append is refused too, as the
   * state of the disk is unknown; open the journal again.
   */
  append(payload: Uint8Array): Promise<void> {
    return this.appendMany([payload]);
  }

  /** Appends several records as one group: after a crash all of them are there, or none. */
  appendMany(payloads: readonly Uint8Array[]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    for (const payload of payloads) {
      if (payload.byteLength > MAX_RECORD_BYTES) {
        const message = `a record of ${payload.byteLength} bytes is above the limit of ${MAX_RECORD_BYTES}`;
        return Promise.reject(new JournalError(this.path, 'record-too-large', message));
      }
    }
    if (payloads.length === 0) return Promise.resolve();
    const records = payloads.map((payload) => Uint8Array.from(payload));
    return new Promise<void>((resolve, reject) => {
      this.waiting.push({ records, resolve, reject });
      this.writer ??= this.write();
    });
  }

  /** Waits for the appends under way, then closes the file. Later appends are refused. */
  async close(): Promise<void> {
    while (this.writer !== undefined) await this.writer;
    if (this.failure?.reason === 'closed') return;
    this.failure = new JournalError(this.path, 'closed', 'is closed');
    await this.file.close();
  }

  /** Writes what waits, group by group, until nothing waits. Never rejects: each waiting append is told. */
  private async write(): Promise<void> {
    // Let the appends of this turn of the event loop come together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const group = takeGroup(this.waiting);
      try {
        const bytes = encodeGroup(group.flatMap((entry) => entry.records));
        await writeFully(this.file, bytes, this.end);
        await this.file.datasync();
        this.end += bytes.byteLength;
        for (const entry of group) entry.resolve();
      } catch (error) {
        await this.fail(error, group);
      }
    }
    this.writer = undefined;
  }

  private async fail(error: unknown, group: readonly Waiting[]): Promise<void> {
    const code = (error as NodeJS.ErrnoException).code;
    const what =
      code === 'ENOSPC'
        ? 'the disk is full; free some space and start again'
        : 'nothing after this offset is safe; start again';
    const failure = new JournalError(
      this.path,
      'write-failed',
      `cannot write at byte ${this.end} (${code ?? String(error)}): ${what}`,
      this.end,
      code,
      error,
    );
    this.failure = failure;
    // Best effort: a half-written group would be cut off at the next opening anyway.
    await this.file.truncate(this.end).catch(() => undefined);
    for (const entry of [...group, ...this.waiting.splice(0)]) entry.reject(failure);
  }
}

/** As many waiting appends as fit one group; always at least one. */
function takeGroup(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const entry of waiting) {
    bytes += entry.records.reduce((sum, record) => sum + 4 + record.byteLength, 0);
    if (count > 0 && bytes > MAX_RECORD_BYTES) break;
    count++;
  }
  return waiting.splice(0, count);
}

function encodeGroup(records: readonly Uint8Array[]): Buffer {
  const length = records.reduce((sum, record) => sum + 4 + record.byteLength, 0);
  const bytes = Buffer.allocUnsafe(GROUP_HEADER_BYTES + length);
  bytes.writeUInt32LE(GROUP_MARK, 0);
  bytes.writeUInt32LE(length, 4);
  let at = GROUP_HEADER_BYTES;
  for (const record of records) {
    bytes.writeUInt32LE(record.byteLength, at);
    bytes.set(record, at + 4);
    at += 4 + record.byteLength;
  }
  bytes.writeUInt32LE(groupChecksum(bytes, 0, length), 8);
  return bytes;
}

function groupChecksum(bytes: Buffer, at: number, length: number): number {
  const start = at + GROUP_HEADER_BYTES;
  return crc32(bytes.subarray(start, start + length), crc32(bytes.subarray(at + 4, at + 8)));
}

function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.set(MAGIC);
  header.writeUInt32LE(FORMAT, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

/** One write call may write less than asked for (a disk that is nearly full). */
async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/** The records of the group at `at`, and where it ends; undefined if there is no intact group. */
function readGroup(bytes: Buffer, at: number): { records: Uint8Array[]; next: number } | undefined {
  if (at + GROUP_HEADER_BYTES > bytes.byteLength || bytes.readUInt32LE(at) !== GROUP_MARK) return undefined;
  const length = bytes.readUInt32LE(at + 4);
  const start = at + GROUP_HEADER_BYTES;
  if (length === 0 || start + length > bytes.byteLength) return undefined;
  if (groupChecksum(bytes, at, length) !== bytes.readUInt32LE(at + 8)) return undefined;
  const records: Uint8Array[] = [];
  let cursor = start;
  while (cursor + 4 <= start + length) {
    const size = bytes.readUInt32LE(cursor);
    if (cursor + 4 + size > start + length) return undefined;
    records.push(bytes.subarray(cursor + 4, cursor + 4 + size));
    cursor += 4 + size;
  }
  return cursor === start + length ? { records, next: cursor } : undefined;
}

/** Where the next intact group begins after `at`; undefined if there is none. */
function findIntactGroup(bytes: Buffer, at: number): number | undefined {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(GROUP_MARK);
  for (let found = bytes.indexOf(mark, at + 1); found !== -1; found = bytes.indexOf(mark, found + 1)) {
    if (readGroup(bytes, found) !== undefined) return found;
  }
  return undefined;
}

/** Splits a whole file. `goodBytes`: what may stay; the rest is a torn tail. */
function parse(path: string, bytes: Buffer): { records: Uint8Array[]; goodBytes: number } {
  const header = fileHeader();
  // A crash while the file was made leaves a part of the header, or zeros in its place.
  const start = bytes.subarray(0, FILE_HEADER_BYTES);
  if (
    bytes.byteLength <= FILE_HEADER_BYTES &&
    (header.subarray(0, start.byteLength).equals(start) || start.every((byte) => byte === 0))
  ) {
    return { records: [], goodBytes: start.equals(header) ? FILE_HEADER_BYTES : 0 };
  }
  if (!start.equals(header)) {
    const format = start.subarray(0, 8).equals(MAGIC)
      ? `expected format ${FORMAT} with a valid checksum, found ${bytes.readUInt32LE(8)}`
      : 'the first 8 bytes are not those of a journal';
    throw new JournalError(path, 'not-a-journal', `${format}; it is left untouched`, 0);
  }
  const records: Uint8Array[] = [];
  let at = FILE_HEADER_BYTES;
  while (at < bytes.byteLength) {
    const group = readGroup(bytes, at);
    if (group === undefined) {
      const later = findIntactGroup(bytes, at);
      if (later === undefined) break;
      throw new JournalError(
        path,
        'corrupt',
        `the group at byte ${at} is damaged although an intact one follows at byte ${later}; it is left untouched: restore the file from a copy`,
        at,
      );
    }
    for (const record of group.records) records.push(record);
    at = group.next;
  }
  return { records, goodBytes: at };
}

/**
 * Opens the journal at `path` (made if it is not there; its folder must exist) and reads all records.
 * The records are views into one buffer that belongs to the caller.
 * Throws JournalError for a file that is not a journal or is damaged before its last group; such a file is not touched.
 */
export async function openJournal(path: string): Promise<{ journal: Journal; records: Uint8Array[] }> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644).catch((error: unknown) => {
    throw cannotOpen(path, error);
  });
  try {
    const bytes = await file.readFile();
    const { records, goodBytes } = parse(path, bytes);
    const tornBytes = bytes.byteLength - goodBytes;
    if (tornBytes > 0) await file.truncate(goodBytes);
    if (goodBytes === 0) await writeFully(file, fileHeader(), 0);
    if (tornBytes > 0 || goodBytes === 0) {
      await file.sync();
      await syncFolder(dirname(path));
    }
    return { journal: new Journal(path, tornBytes, file, Math.max(goodBytes, FILE_HEADER_BYTES)), records };
  } catch (error) {
    await file.close();
    throw error instanceof JournalError ? error : cannotOpen(path, error);
  }
}

function cannotOpen(path: string, error: unknown): JournalError {
  const code = (error as NodeJS.ErrnoException).code;
  return new JournalError(
    path,
    'cannot-open',
    `cannot be opened (${code ?? String(error)})`,
    undefined,
    code,
    error,
  );
}
