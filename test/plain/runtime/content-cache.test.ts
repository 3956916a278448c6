/** The cache of contents: bounded, checked on reading, and shared by processes that may die at any moment. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ContentCache, ContentCacheError } from '#emars/runtime/storage/content-cache.js';

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bytesOf = (text: string, length: number): Buffer => Buffer.alloc(length, text);
let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'emars-contents-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function put(cache: ContentCache, bytes: Buffer): Promise<string> {
  const sha256 = digestOf(bytes);
  await cache.putPiece(sha256, 0, bytes.subarray(0, 10));
  await cache.putPiece(sha256, 1, bytes.subarray(10));
  expect(await cache.join(sha256, 2)).toBe(true);
  return sha256;
}

it('makes a content of its pieces, also of those that another process left', async () => {
  const bytes = bytesOf('content', 25);
  const sha256 = digestOf(bytes);
  await new ContentCache(folder, 1000).putPiece(sha256, 1, bytes.subarray(10));
  const later = new ContentCache(folder, 1000);
  expect([...(await later.pieces(sha256))]).toEqual([1]);
  await later.putPiece(sha256, 0, bytes.subarray(0, 10));
  expect(await later.join(sha256, 2)).toBe(true);
  expect(await later.read(sha256)).toEqual(bytes);
  expect(readdirSync(folder)).toEqual([sha256]);
});

it('takes no content that is not what its name says, and forgets its pieces', async () => {
  const cache = new ContentCache(folder, 1000);
  const sha256 = digestOf(bytesOf('true', 20));
  await cache.putPiece(sha256, 0, bytesOf('false', 20));
  expect(await cache.join(sha256, 1)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

it('finds out what was damaged since, and does not have it any more', async () => {
  const cache = new ContentCache(folder, 1000);
  const sha256 = await put(cache, bytesOf('volume', 40));
  expect(await cache.has(sha256, 40)).toBe(true);
  writeFileSync(cache.path(sha256), bytesOf('volumE', 40));
  expect(await cache.read(sha256)).toBeNull();
  expect(existsSync(cache.path(sha256))).toBe(false);
  expect(await cache.has(sha256, 40)).toBe(false);
});

it('stays within its bound by what was used longest ago, but for what is needed', async () => {
  const cache = new ContentCache(folder, 100);
  const [old, used, kept] = [
    await put(cache, bytesOf('a', 30)),
    await put(cache, bytesOf('b', 30)),
    await put(cache, bytesOf('c', 30)),
  ];
  for (const [at, sha256] of [kept, old, used].entries()) utimesSync(cache.path(sha256), at, at);
  await cache.read(used);
  expect(statSync(cache.path(used)).mtimeMs).toBeGreaterThan(2000);
  const last = bytesOf('d', 40);
  await cache.putPiece(digestOf(last), 0, last);
  expect(await cache.join(digestOf(last), 1, new Set([kept]))).toBe(true);
  expect(readdirSync(folder).sort()).toEqual([used, kept, digestOf(last)].sort());
});

it('says that it is too small before anything is fetched, and that it cannot be written', async () => {
  const cache = new ContentCache(folder, 100);
  expect(() => cache.requireRoom(101, 'the decoded scans')).toThrow(
    /expected room for the decoded scans.*--cache-size/,
  );
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(
    new ContentCache(file, 100).putPiece(digestOf(bytesOf('a', 1)), 0, bytesOf('a', 1)),
  ).rejects.toThrow(ContentCacheError);
});
