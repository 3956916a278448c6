/**
 * Format 1 of a journal as bytes, little-endian; `journal.ts` brings them to a disk:
 *
 *   file   = "EMARSJNL", u32 format, u32 crc32 of those 12 bytes, group*
 *   group  = u32 mark, u32 length, u32 crc32 (of the length field and the payload), payload
 *   payload= (u32 record length, record bytes)*, `length` bytes in all
 *
 * A group is what one fdatasync covers, and the next group is only written after it. So after a crash
 * at most the last group can be damaged, in whatever order the disk wrote its pages. Hence the rule of
 * `parseJournal`: a damaged last group is a torn tail, nothing followed from it, it may be cut off; a damaged
 * group with an intact one behind it is corruption, and is refused with its offset.
 *
 * Limit, said aloud: a bit that flips in the very last group looks like a torn tail. The caller is told
 * how many bytes are left over, and the work since the group before is repeated.
 */
import type { ErrorKind } from '../../errors/error.js';
import { EmarsError } from '../../errors/error.js';
import { crc32 } from 'node:zlib';

const MAGIC = Buffer.from('EMARSJNL', 'latin1');
const FORMAT = 1;
/** Bytes before the first group. */
export const FILE_HEADER_BYTES = 16;
const GROUP_MARK = 0x31505247; // "GRP1"
const GROUP_HEADER_BYTES = 12;
/** Largest record, bytes. Bigger things belong in a snapshot. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024;

interface JournalErrorDetails {
  readonly offset?: number | undefined;
  readonly code?: string | undefined;
  readonly cause?: unknown;
}

/** The journal cannot be read, or can no longer be written. */
export class JournalError extends EmarsError {
  override readonly name = 'JournalError';
  /** A journal that cannot be written is the disk's fault, one that cannot be read the run's. */
  readonly kind: ErrorKind;
  /** Byte of the file, where one is to blame. */
  readonly offset: number | null;
  /** The system's code where it was the system that refused: ENOSPC, EIO, EROFS… */
  readonly code: string | null;
  constructor(
    readonly path: string,
    readonly reason:
      'cannot-open' | 'not-a-journal' | 'corrupt' | 'write-failed' | 'closed' | 'record-too-large',
    message: string,
    { offset, code, cause }: JournalErrorDetails = {},
  ) {
    super(`journal ${path}: ${message}`, cause === undefined ? undefined : { cause });
    this.offset = offset ?? null;
    this.code = code ?? null;
    this.kind = reason === 'write-failed' || reason === 'cannot-open' ? 'environment' : 'damaged';
  }
}

/** One group of records, as it stands in the file. */
export function encodeGroup(records: readonly Uint8Array[]): Buffer {
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

/** What a journal begins with. */
export function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  header.set(MAGIC);
  header.writeUInt32LE(FORMAT, 8);
  header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
  return header;
}

/** The records of the group at `at`, and where it ends; null if there is no intact group. */
function readGroup(bytes: Buffer, at: number): { records: Uint8Array[]; next: number } | null {
  if (at + GROUP_HEADER_BYTES > bytes.byteLength || bytes.readUInt32LE(at) !== GROUP_MARK) return null;
  const length = bytes.readUInt32LE(at + 4);
  const start = at + GROUP_HEADER_BYTES;
  if (length === 0 || start + length > bytes.byteLength) return null;
  if (groupChecksum(bytes, at, length) !== bytes.readUInt32LE(at + 8)) return null;
  const records: Uint8Array[] = [];
  let cursor = start;
  while (cursor + 4 <= start + length) {
    const size = bytes.readUInt32LE(cursor);
    if (cursor + 4 + size > start + length) return null;
    records.push(bytes.subarray(cursor + 4, cursor + 4 + size));
    cursor += 4 + size;
  }
  return cursor === start + length ? { records, next: cursor } : null;
}

/** Where the next intact group begins after `at`; null if there is none. */
function findIntactGroup(bytes: Buffer, at: number): number | null {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(GROUP_MARK);
  for (let found = bytes.indexOf(mark, at + 1); found !== -1; found = bytes.indexOf(mark, found + 1)) {
    if (readGroup(bytes, found) !== null) return found;
  }
  return null;
}

/**
 * Splits a whole file. `goodBytes`: what may stay; the rest is a torn tail. The records are views into
 * `bytes`; `path` is for messages. Errors: JournalError.
 */
export function parseJournal(path: string, bytes: Buffer): { records: Uint8Array[]; goodBytes: number } {
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
    throw new JournalError(path, 'not-a-journal', `${format}; it is left untouched`, { offset: 0 });
  }
  const records: Uint8Array[] = [];
  let at = FILE_HEADER_BYTES;
  while (at < bytes.byteLength) {
    const group = readGroup(bytes, at);
    if (group === null) {
      const later = findIntactGroup(bytes, at);
      if (later === null) break;
      throw new JournalError(
        path,
        'corrupt',
        `the group at byte ${at} is damaged although an intact one follows at byte ${later}; ` +
          'it is left untouched: restore the file from a copy',
        { offset: at },
      );
    }
    for (const record of group.records) records.push(record);
    at = group.next;
  }
  return { records, goodBytes: at };
}
