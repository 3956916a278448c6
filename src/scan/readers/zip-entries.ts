/**
 * The arrays in a ZIP archive as NumPy writes it (`.npz`): stored or deflated, by the central directory
 * (ZIP application note 6.3, 4.3 and 4.5.3).
 *
 * Every offset and length is compared with the file, and with the limits, before anything is unpacked.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { ScanError, reasonOf } from '../errors.js';
import type { ScanLimits } from '../limits.js';

export interface ZipEntry {
  readonly deflated: boolean;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Where the local header lies. */
  readonly at: number;
}

const END = 0x0605_4b50;
const ENTRY = 0x0201_4b50;
const LOCAL = 0x0403_4b50;
const LONG_COMMENT = 65_535;
const MOST_ENTRIES = 1024;
/** Stands for a length that lies in the Zip64 field. */
const IN_ZIP64 = 0xffff_ffff;

/** Entries whose name ends with `.npy`. Errors: ScanError */
export function arraysOf(file: string, bytes: Buffer): ZipEntry[] {
  const fail = (reason: string): never => {
    throw new ScanError(file, reason);
  };
  const end = endOf(bytes) ?? fail('not a NumPy archive (.npz), whatever its name says, or truncated');
  const count = bytes.readUInt16LE(end + 10);
  if (count > MOST_ENTRIES) fail(`holds ${count} files; at most ${MOST_ENTRIES} are read`);
  const arrays: ZipEntry[] = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || bytes.readUInt32LE(at) !== ENTRY) fail('the directory of the archive is damaged');
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field));
    const next = at + 46 + nameBytes! + extraBytes! + commentBytes!;
    if (next > end) fail('the directory of the archive is damaged');
    const name = bytes.toString('latin1', at + 46, at + 46 + nameBytes!);
    const method = bytes.readUInt16LE(at + 10);
    if (name.endsWith('.npy')) {
      const [packed, size, place] = [20, 24, 42].map((field) => bytes.readUInt32LE(at + field));
      if ((bytes.readUInt16LE(at + 8) & 1) !== 0 || (method !== 0 && method !== 8))
        fail('an archive that is encrypted or packed otherwise than NumPy does');
      if (packed === IN_ZIP64 || size === IN_ZIP64 || place === IN_ZIP64)
        fail('an array of 4 GiB or more, which is not read');
      arrays.push({
        deflated: method === 8,
        crc: bytes.readUInt32LE(at + 16),
        packed: packed!,
        size: size!,
        at: place!,
      });
    }
    at = next;
  }
  return arrays;
}

/** The bytes of an entry. Errors: ScanError when they are damaged, lie outside of the file, or are too many. */
export function unpackEntry(file: string, bytes: Buffer, entry: ZipEntry, limits: ScanLimits): Buffer {
  const fail = (reason: string): never => {
    throw new ScanError(file, reason);
  };
  const { at, packed, size } = entry;
  if (size > limits.fileBytes) fail(`declares ${size} bytes; at most ${limits.fileBytes} are read`);
  if (at + 30 > bytes.length || bytes.readUInt32LE(at) !== LOCAL) fail('the archive is damaged');
  const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
  if (start > bytes.length || packed > bytes.length - start)
    fail('an array beyond the end of the archive: truncated or damaged');
  const data = bytes.subarray(start, start + packed);
  const unpacked = entry.deflated ? inflate(file, data, size) : data;
  if (unpacked.length !== size || crc32(unpacked) !== entry.crc)
    fail('an array of another length or checksum than the archive declares: damaged');
  return unpacked;
}

function inflate(file: string, data: Buffer, size: number): Buffer {
  try {
    return inflateRawSync(data, { maxOutputLength: Math.max(1, size) });
  } catch (error) {
    const more = error instanceof RangeError;
    throw new ScanError(
      file,
      more
        ? `unpacks to more than the ${size} bytes that it declares`
        : `the array is damaged (${reasonOf(error)})`,
    );
  }
}

/** The last record of an archive, searched for from its end; null when there is none. */
function endOf(bytes: Buffer): number | null {
  const lowest = Math.max(0, bytes.length - 22 - LONG_COMMENT);
  for (let at = bytes.length - 22; at >= lowest; at--) {
    if (bytes.readUInt32LE(at) === END && at + 22 + bytes.readUInt16LE(at + 20) === bytes.length) return at;
  }
  return null;
}
