/**
 * An append-only journal: what `append` has resolved for is on the disk, and is read back in order.
 *
 * The bytes and what a crash can do to them: `journal-format.ts`. Here is what needs a disk: one group
 * of records for one fdatasync, and a torn tail cut off at the opening.
 */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { withFailpoints } from '../failpoint/failpoint.js';
import { syncFolder } from './atomic-file.js';
import {
  encodeGroup,
  FILE_HEADER_BYTES,
  fileHeader,
  JournalError,
  MAX_RECORD_BYTES,
  parseJournal,
} from './journal-format.js';

export { JournalError } from './journal-format.js';

interface Waiting {
  readonly records: Uint8Array[];
  resolve(): void;
  reject(error: JournalError): void;
}

/** The writing side. One per file and process; a run lock keeps other processes out. */
export class Journal {
  private readonly waiting: Waiting[] = [];
  private writer: Promise<void> | null = null;
  private failure: JournalError | null = null;

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
   *
   * Errors: JournalError. After a failed write (ENOSPC, EIO…) every later append is refused too, as the
   * state of the disk is unknown; open the journal again.
   */
  append(payload: Uint8Array): Promise<void> {
    return this.appendMany([payload]);
  }

  /** Appends several records as one group: after a crash all of them are there, or none. */
  appendMany(payloads: readonly Uint8Array[]): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
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
    while (this.writer !== null) await this.writer;
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
        await withFailpoints('journal-write', () => writeFully(this.file, bytes, this.end));
        await withFailpoints('journal-sync', () => this.file.datasync());
        this.end += bytes.byteLength;
        for (const entry of group) entry.resolve();
      } catch (error) {
        await this.fail(error, group);
      }
    }
    this.writer = null;
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
      { offset: this.end, code, cause: error },
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

/** One write call may write less than asked for (a disk that is nearly full). */
async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/**
 * Opens the journal at `path` (made if it is not there; its folder must exist) and reads all records.
 * The records are views into one buffer that belongs to the caller.
 *
 * Errors: JournalError for a file that is not a journal or is damaged before its last group; such a file
 * is not touched.
 */
export async function openJournal(path: string): Promise<{ journal: Journal; records: Uint8Array[] }> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644).catch((error: unknown) => {
    throw cannotOpen(path, error);
  });
  try {
    const bytes = await file.readFile();
    const { records, goodBytes } = parseJournal(path, bytes);
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
  return new JournalError(path, 'cannot-open', `cannot be opened (${code ?? String(error)})`, {
    code,
    cause: error,
  });
}
