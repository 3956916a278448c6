import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeFileAtomic } from '#emars/runtime/storage/atomic-file.js';
import { keepOnly, readSnapshot, SnapshotError, writeSnapshot } from '#emars/runtime/storage/snapshots.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-snapshots-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('snapshots', () => {
  test('are named by the SHA-256 of all their parts, and come back as one', async () => {
    const parts = [Buffer.from('header'), new Uint8Array(), Buffer.alloc(9_000_001, 3)];
    const { sha256, bytes } = await writeSnapshot(join(folder, 'made'), parts);
    expect(bytes).toBe(9_000_007);
    expect(sha256).toBe(createHash('sha256').update(Buffer.concat(parts)).digest('hex'));
    expect((await readSnapshot(join(folder, 'made'), sha256)).equals(Buffer.concat(parts))).toBe(true);
  });

  test('may be written by several at once, and leave one file', async () => {
    const content = [Buffer.alloc(2_000_000, 1)];
    const written = await Promise.all(Array.from({ length: 8 }, () => writeSnapshot(folder, content)));
    expect(new Set(written.map((entry) => entry.sha256)).size).toBe(1);
    expect(await readdir(folder)).toEqual([written[0]!.sha256]);
  });

  test('are refused when damaged: flipped at any place, cut, emptied, or another one under the name', async () => {
    const { sha256 } = await writeSnapshot(folder, [Buffer.from('the weights of a network')]);
    const other = await writeSnapshot(folder, [Buffer.from('the weights of another network')]);
    const path = join(folder, sha256);
    const good = await readFile(path);
    const bad = [good.subarray(0, -1), Buffer.alloc(0), await readFile(join(folder, other.sha256))];
    for (let at = 0; at < good.byteLength; at++) {
      const flipped = Buffer.from(good);
      flipped[at] = flipped[at]! ^ 1;
      bad.push(flipped);
    }
    for (const content of bad) {
      await writeFile(path, content);
      await expect(readSnapshot(folder, sha256)).rejects.toMatchObject({
        name: 'SnapshotError',
        reason: 'mismatch',
        path,
      });
    }
    await writeSnapshot(folder, [good]);
    expect((await readSnapshot(folder, sha256)).equals(good)).toBe(true);
  });

  test('that are missing or asked for by a wrong name give a typed error, and no other file is read', async () => {
    await expect(readSnapshot(folder, 'a'.repeat(64))).rejects.toMatchObject({
      reason: 'missing',
      code: 'ENOENT',
    });
    for (const name of ['', '../secret', 'A'.repeat(64), `${'a'.repeat(64)}\n`])
      await expect(readSnapshot(folder, name)).rejects.toMatchObject({ reason: 'bad-name' });
    await expect(readSnapshot(folder, 'x')).rejects.toBeInstanceOf(SnapshotError);
  });

  test('are removed when no longer wanted, with the half-written files of dead writers, and nothing else', async () => {
    const [a, b, c] = await Promise.all(
      ['a', 'b', 'c'].map((text) => writeSnapshot(folder, [Buffer.from(text)])),
    );
    const deadPid = 4_190_000;
    await writeFile(join(folder, `.writing-${deadPid}-123-0`), 'half');
    // Ours by process id, but from an earlier process that had the same id.
    await writeFile(join(folder, `.writing-${process.pid}-1-0`), 'half');
    await writeFile(join(folder, 'notes.txt'), 'mine');
    const underWay = writeSnapshot(folder, [Buffer.alloc(20_000_000)]);
    const removed = await keepOnly(folder, [a!.sha256, await sha(20_000_000)]);
    expect(removed).toEqual([b!.sha256, c!.sha256].sort());
    const { sha256 } = await underWay;
    expect((await readdir(folder)).sort()).toEqual([a!.sha256, sha256, 'notes.txt'].sort());
    expect(await keepOnly(join(folder, 'none'), [])).toEqual([]);
  });

  test('cannot be written where there is no folder to make, and say so', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(writeSnapshot(join(folder, 'file', 'sub'), [Buffer.from('x')])).rejects.toMatchObject({
      name: 'SnapshotError',
      reason: 'write-failed',
      code: 'ENOTDIR',
    });
  });
});

const sha = (zeros: number): Promise<string> =>
  Promise.resolve(createHash('sha256').update(Buffer.alloc(zeros)).digest('hex'));

describe('an atomic file', () => {
  test('replaces the old one, with the mode asked for, and leaves no other file', async () => {
    const path = join(folder, 'config.json');
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, 'new', 0o600);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['config.json']);
  });

  test('leaves no temporary file when it fails', async () => {
    await expect(writeFileAtomic(join(folder, 'none', 'file'), 'x')).rejects.toMatchObject({
      code: 'ENOENT',
    });
    await writeSnapshot(join(folder, 'target'), []);
    await expect(writeFileAtomic(join(folder, 'target'), 'x')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(folder)).toEqual(['target']);
  });
});
