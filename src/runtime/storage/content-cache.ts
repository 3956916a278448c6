/**
 * A cache of contents named by their SHA-256, bounded in bytes, shared by the processes of a host. What is read
 * is checked against its name; a damaged file is removed and counts as not there. Where the bound is reached,
 * what was used longest ago goes.
 *
 *   <folder>/<sha256>              a content
 *   <folder>/.pieces-<sha256>/<i>  pieces of one on its way in: kept over a death, so that it goes on there
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EmarsError } from '../../errors/error.js';
import { textOf } from '../../errors/text.js';

/** The folder of a cache cannot be written, or is too small for what is needed at once. */
export class ContentCacheError extends EmarsError {
  override readonly name = 'ContentCacheError';
  readonly kind = 'environment';
  constructor(
    readonly folder: string,
    reason: string,
    cause?: unknown,
  ) {
    super(`cache ${folder}: ${reason}`, cause === undefined ? undefined : { cause });
  }
}

const SHA256 = /^[0-9a-f]{64}$/;
const PIECES = '.pieces-';

export class ContentCache {
  /** `maxBytes`: bound of all contents together. Errors: RangeError for a bound that is none. */
  constructor(
    readonly folder: string,
    private readonly maxBytes: number,
  ) {
    if (!(maxBytes > 0)) throw new RangeError(`expected a bound above 0 bytes, got ${maxBytes}`);
  }

  path(sha256: string): string {
    if (!SHA256.test(sha256)) throw new RangeError(`expected 64 hexadecimal digits, got "${sha256}"`);
    return join(this.folder, sha256);
  }

  /** True where a file of that name and size is there; it counts as used now. */
  async has(sha256: string, bytes: number): Promise<boolean> {
    const path = this.path(sha256);
    try {
      if ((await stat(path)).size !== bytes) return false;
      await touch(path);
      return true;
    } catch {
      return false;
    }
  }

  /** The bytes of a content; null where it is not there, or not what its name says. */
  async read(sha256: string): Promise<Buffer | null> {
    const path = this.path(sha256);
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch {
      return null;
    }
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) {
      await rm(path, { force: true });
      return null;
    }
    await touch(path).catch(() => undefined);
    return bytes;
  }

  /** Indices of the pieces of a content that are here already. */
  async pieces(sha256: string): Promise<ReadonlySet<number>> {
    const names = await readdir(this.pieceFolder(sha256)).catch(() => []);
    return new Set(names.filter((name) => /^\d{1,7}$/.test(name)).map(Number));
  }

  /** Keeps a piece. Errors: ContentCacheError. */
  async putPiece(sha256: string, index: number, bytes: Uint8Array): Promise<void> {
    const folder = this.pieceFolder(sha256);
    await this.writing(async () => {
      await mkdir(folder, { recursive: true });
      const draft = join(folder, `.${randomUUID()}`);
      await writeFile(draft, bytes);
      await rename(draft, join(folder, String(index)));
    });
  }

  /**
   * Makes a content of its pieces 0…count−1. False: they are not what the name says, and are removed. Then
   * trims the cache, without touching `keep`. Errors: ContentCacheError.
   */
  async join(sha256: string, count: number, keep: ReadonlySet<string> = new Set()): Promise<boolean> {
    const folder = this.pieceFolder(sha256);
    const draft = join(this.folder, `.draft-${randomUUID()}`);
    const hash = createHash('sha256');
    try {
      await this.writing(async () => {
        const out = createWriteStream(draft, { flags: 'wx' });
        await pipeline(async function* () {
          for (let index = 0; index < count; index++) {
            for await (const part of createReadStream(join(folder, String(index)))) {
              hash.update(part as Buffer);
              yield part as Buffer;
            }
          }
        }, out);
      });
      const isSound = hash.digest('hex') === sha256;
      if (isSound) await this.writing(() => rename(draft, this.path(sha256)));
      await rm(folder, { recursive: true, force: true });
      if (isSound) await this.trim(new Set([...keep, sha256]));
      return isSound;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Refuses what is larger together than the cache may be. Errors: ContentCacheError. */
  requireRoom(bytes: number, what: string): void {
    if (bytes <= this.maxBytes) return;
    throw new ContentCacheError(
      this.folder,
      `expected room for ${what} of ${mb(bytes)} MB together, got a cache of ${mb(this.maxBytes)} MB; ` +
        'give it more with --cache-size',
    );
  }

  /** Removes what was used longest ago, until the rest is within the bound; never what is in `keep`. */
  async trim(keep: ReadonlySet<string>): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => SHA256.test(name));
    const files = (await Promise.all(names.map((name) => this.fileOf(name)))).filter((file) => file !== null);
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size } of files.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= this.maxBytes) return;
      if (keep.has(name)) continue;
      await rm(join(this.folder, name), { force: true });
      total -= size;
    }
  }

  private async fileOf(name: string): Promise<{ name: string; size: number; usedAt: number } | null> {
    try {
      const { size, mtimeMs } = await stat(join(this.folder, name));
      return { name, size, usedAt: mtimeMs };
    } catch {
      // Another process has removed it.
      return null;
    }
  }

  private pieceFolder(sha256: string): string {
    this.path(sha256);
    return join(this.folder, `${PIECES}${sha256}`);
  }

  private async writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const reason = textOf(error);
      throw new ContentCacheError(this.folder, `cannot be written: ${reason}`, error);
    }
  }
}

/** Its time of change is the time of its last use: other clocks of a file are often switched off. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
