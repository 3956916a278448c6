/** Where a reader takes the files of a scan from: a folder, its limits, and what is at hand to decode them. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ScanError, reasonOf } from '../errors.js';
import type { ScanLimits } from '../limits.js';
import type { NativeCodec } from '../native-codec.js';

export interface SourceOptions {
  readonly limits: ScanLimits;
  readonly codec?: NativeCodec | null;
  /** Bytes of files that are kept, so that who asks again gets the very bytes of before; default 0. */
  readonly keepBytes?: number;
}

export class ScanSource {
  readonly limits: ScanLimits;
  readonly codec: NativeCodec | null;
  private readonly kept = new Map<string, Buffer>();
  private keepLeft: number;

  /** @param root folder that file names are relative to; names in errors stay relative. */
  constructor(
    private readonly root: string,
    { limits, codec = null, keepBytes = 0 }: SourceOptions,
  ) {
    this.limits = limits;
    this.codec = codec;
    this.keepLeft = keepBytes;
  }

  path(file: string): string {
    return join(this.root, file);
  }

  /** The bytes of a regular file of at most `limits.fileBytes`; read only. Errors: ScanError. */
  bytes(file: string): Buffer {
    const kept = this.kept.get(file);
    if (kept !== undefined) return kept;
    const bytes = readWhole(this.path(file), file, this.limits);
    if (bytes.length <= this.keepLeft) {
      this.keepLeft -= bytes.length;
      this.kept.set(file, bytes);
    }
    return bytes;
  }
}

/** In one go, on the thread that decodes: a round through the event loop costs as much as a slice. */
function readWhole(path: string, name: string, limits: ScanLimits): Buffer {
  try {
    // A pipe without a writer must not hold up the thread.
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(file);
      const { size } = stat;
      if (!stat.isFile()) throw new ScanError(name, 'expected a file');
      if (size > limits.fileBytes)
        throw new ScanError(name, `has ${size} bytes; at most ${limits.fileBytes} are read`);
      if (size === 0) throw new ScanError(name, 'the file is empty');
      const bytes = Buffer.allocUnsafeSlow(size);
      let filled = 0;
      while (filled < size) {
        const got = readSync(file, bytes, filled, size - filled, filled);
        if (got === 0) throw new ScanError(name, 'the file became shorter while it was read');
        filled += got;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof ScanError) throw error;
    throw new ScanError(name, `cannot be read (${reasonOf(error)})`, { cause: error });
  }
}
