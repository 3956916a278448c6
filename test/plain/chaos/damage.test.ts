/** Damage to a run's files is real: what reads them notices, and it can be undone. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cutJournal, cutSnapshot, flipJournal, flipSnapshot } from '#emars/chaos/damage.js';
import { runFolder } from '#emars/run/folder.js';
import { openJournal } from '#emars/runtime/storage/journal.js';
import { readSnapshot, SnapshotError, writeSnapshot } from '#emars/runtime/storage/snapshots.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'emars-damage-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const record = (i: number): Uint8Array => Buffer.from(`record ${i} `.repeat(12));

async function writeJournal(): Promise<void> {
  const { journal } = await openJournal(runFolder(root).journal);
  for (let i = 0; i < 5; i++) await journal.append(record(i));
  await journal.close();
}

describe('damage to a journal', () => {
  it.each([
    ['cut short', cutJournal],
    ['with a flipped bit in its tail', flipJournal],
  ])('%s takes its last group, and no more', async (_, damage) => {
    await writeJournal();
    const { journal: path } = runFolder(root);
    const whole = readFileSync(path);
    for (const draw of [0, 1, 63, 64, 0x9e3779b9]) {
      const { undo } = (await damage(root, draw))!;
      expect(readFileSync(path).equals(whole)).toBe(false);
      const { journal, records } = await openJournal(path);
      expect(records.map((bytes) => Buffer.from(bytes))).toEqual([0, 1, 2, 3].map(record));
      await journal.close();
      await undo();
      expect(readFileSync(path)).toEqual(whole);
    }
  });

  it('is not done where there is none, or hardly any', async () => {
    expect(await cutJournal(root, 1)).toBeNull();
    await (await openJournal(runFolder(root).journal)).journal.close();
    expect(await flipJournal(root, 1)).toBeNull();
  });
});

describe('damage to the newest snapshot', () => {
  it.each([
    ['a flipped bit', flipSnapshot],
    ['a cut', cutSnapshot],
  ])('%s is found when it is read, and undone', async (_, damage) => {
    const { snapshots } = runFolder(root);
    await mkdir(snapshots);
    const { sha256 } = await writeSnapshot(snapshots, [Buffer.alloc(5000, 7)]);
    for (const draw of [0, 4999, 0xdeadbeef]) {
      const { undo } = (await damage(root, draw))!;
      await expect(readSnapshot(snapshots, sha256)).rejects.toThrow(SnapshotError);
      await undo();
      expect(await readSnapshot(snapshots, sha256)).toHaveLength(5000);
    }
  });

  it('is not done where there is none', async () => {
    expect(await flipSnapshot(root, 1)).toBeNull();
  });
});
