/**
 * A disk in memory. The journal on it has the real format; what was written but not synced may be torn by
 * a power cut. Snapshots are whole or not there, as renaming a finished file makes them.
 */
import {
  encodeGroup,
  FILE_HEADER_BYTES,
  fileHeader,
  parseJournal,
} from '#emars/runtime/storage/journal-format.js';
import { createHash } from 'node:crypto';

const JOURNAL_PATH = 'journal';

export class SimDisk {
  /** Nothing can be appended. */
  isFull = false;
  private journal: Buffer = fileHeader();
  /** Bytes of the journal that fdatasync has covered. */
  private synced = FILE_HEADER_BYTES;
  /** Where the last group begins. */
  private lastGroup = FILE_HEADER_BYTES;
  private readonly snapshots = new Map<string, Uint8Array>();

  /** Writes a group of records; `sync` makes it last. */
  append(records: readonly Uint8Array[]): void {
    this.lastGroup = this.journal.length;
    this.journal = Buffer.concat([this.journal, encodeGroup(records)]);
  }

  sync(): void {
    this.synced = this.journal.length;
  }

  get unsynced(): number {
    return this.journal.length - this.synced;
  }

  /** Bytes of the last group, synced or not. */
  get lastGroupBytes(): number {
    return this.journal.length - this.lastGroup;
  }

  /** A power cut: only `kept` of the unsynced bytes reached the disk. */
  tear(kept: number): void {
    this.journal = Buffer.from(this.journal.subarray(0, this.synced + Math.min(kept, this.unsynced)));
  }

  /** Turns one bit of the last group, `at` bytes into it. */
  flipInLastGroup(at: number, bit: number): void {
    if (this.lastGroupBytes === 0) return;
    this.journal = Buffer.from(this.journal);
    const position = this.lastGroup + (at % this.lastGroupBytes);
    this.journal[position] = this.journal[position]! ^ (1 << (bit & 7));
  }

  /** Turns one bit anywhere. */
  flip(at: number): void {
    this.journal = Buffer.from(this.journal);
    this.journal[at] = this.journal[at]! ^ 1;
  }

  /** Reads the journal as a start does: a torn tail is cut off. Errors: JournalError. */
  open(): { readonly records: readonly Uint8Array[]; readonly tornBytes: number } {
    const { records, goodBytes } = parseJournal(JOURNAL_PATH, this.journal);
    const tornBytes = this.journal.length - goodBytes;
    this.journal = Buffer.from(this.journal.subarray(0, goodBytes));
    this.lastGroup = this.journal.length;
    this.synced = this.journal.length;
    return { records, tornBytes };
  }

  /** The records that a reader would find now; does not touch the file. */
  records(): readonly Uint8Array[] {
    return parseJournal(JOURNAL_PATH, this.journal).records;
  }

  get journalBytes(): number {
    return this.journal.length;
  }

  write(snapshot: Uint8Array): string {
    const sha256 = createHash('sha256').update(snapshot).digest('hex');
    this.snapshots.set(sha256, Uint8Array.from(snapshot));
    return sha256;
  }

  /** A snapshot's bytes, checked against its name; null when it is missing or damaged. */
  read(sha256: string): Uint8Array | null {
    const bytes = this.snapshots.get(sha256);
    if (bytes === undefined) return null;
    return createHash('sha256').update(bytes).digest('hex') === sha256 ? bytes : null;
  }

  keepOnly(shas: readonly string[]): void {
    for (const sha of [...this.snapshots.keys()]) if (!shas.includes(sha)) this.snapshots.delete(sha);
  }

  damageSnapshot(sha256: string): void {
    const bytes = Uint8Array.from(this.snapshots.get(sha256)!);
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1;
    this.snapshots.set(sha256, bytes);
  }

  snapshotNames(): string[] {
    return [...this.snapshots.keys()];
  }
}
