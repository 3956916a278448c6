/** Temporary folders and small files for the tests of this room. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll } from 'vitest';

/** Files made by other encoders (see `make.py` there). */
export const fixtures = fileURLToPath(new URL('../../fixtures/scan/', import.meta.url));

/** A new folder, removed after the tests of the file. */
export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'emars-scan-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Writes files under `dir`, with the folders they need; returns `dir`. */
export function lay(dir: string, files: Readonly<Record<string, Buffer | string>>): string {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
  return dir;
}

/** The values in the fixtures: (position × 2654435761 mod 2^32) >> 16, mod `modulus`, plus `offset`. */
export function values(count: number, modulus: number, offset = 0): number[] {
  return Array.from({ length: count }, (_, i) => ((Math.imul(i, 2654435761) >>> 16) % modulus) + offset);
}

export function pngChunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const chunk = Buffer.alloc(8 + body.length);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), 4 + body.length);
  return chunk;
}

/** A PNG that may lie: `raw` is what its data inflates to, whatever the header says. */
export function png(
  width: number,
  height: number,
  raw: Buffer,
  more: { bits?: number; type?: number; interlace?: number; before?: Buffer[] } = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([more.bits ?? 8, more.type ?? 0, 0, 0, more.interlace ?? 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    ...(more.before ?? []),
    pngChunk('IDAT', deflateSync(raw)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** An honest grey PNG of one value. */
export function flatPng(width: number, height: number, value: number): Buffer {
  const rows = Buffer.alloc(height * (1 + width), value);
  for (let y = 0; y < height; y++) rows[y * (1 + width)] = 0;
  return png(width, height, rows);
}
