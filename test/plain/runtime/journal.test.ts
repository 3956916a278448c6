import { execFileSync } from 'node:child_process';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JournalError, openJournal } from '#emars/runtime/storage/journal.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-journal-'));
  path = join(folder, 'journal');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = (records: Uint8Array[]): string[] => records.map((record) => Buffer.from(record).toString());
const record = (words: string): Uint8Array => Buffer.from(words);

/** A journal of `count` groups of one record each, closed; resolves to its bytes and to where each group starts. */
async function written(count: number): Promise<{ bytes: Buffer; starts: number[] }> {
  const { journal } = await openJournal(path);
  const starts: number[] = [];
  for (let i = 0; i < count; i++) {
    starts.push(journal.bytes);
    await journal.append(record(`record ${i} ${'x'.repeat(i)}`));
  }
  await journal.close();
  return { bytes: await readFile(path), starts };
}

async function reopened(): Promise<{ torn: number; records: string[] }> {
  const { journal, records } = await openJournal(path);
  const found = { torn: journal.tornBytes, records: text(records) };
  await journal.close();
  return found;
}

describe('a journal', () => {
  test('reads back what was appended, in order, empty and large records too', async () => {
    const { journal, records } = await openJournal(path);
    expect(records).toEqual([]);
    const large = Buffer.alloc(3_000_000, 7);
    await journal.append(record('first'));
    await journal.append(new Uint8Array());
    await journal.append(large);
    await journal.appendMany([record('a'), record('b')]);
    await journal.close();
    const again = await openJournal(path);
    expect(again.journal.tornBytes).toBe(0);
    expect(again.records.map((entry) => entry.byteLength)).toEqual([5, 0, 3_000_000, 1, 1]);
    expect(Buffer.from(again.records[2]!).equals(large)).toBe(true);
    await again.journal.append(record('later'));
    await again.journal.close();
    expect((await reopened()).records.at(-1)).toBe('later');
  });

  test('keeps the order of appends that were not waited for, and groups them', async () => {
    const { journal } = await openJournal(path);
    const words = Array.from({ length: 500 }, (_, i) => `record ${i}`);
    const bytes = Buffer.from('reused');
    const reused = journal.append(bytes);
    bytes.fill(0);
    await Promise.all([reused, ...words.map((word) => journal.append(record(word)))]);
    await journal.close();
    expect((await reopened()).records).toEqual(['reused', ...words]);
    const groups = (await readFile(path)).toString('latin1').split('GRP1').length - 1;
    expect(groups).toBeLessThan(10);
  });

  test('has a record on the disk when its append resolves: another process reads it', async () => {
    const { journal } = await openJournal(path);
    await journal.append(record('durable'));
    expect(execFileSync('cat', [path]).includes('durable')).toBe(true);
    await journal.close();
  });

  test('drops a tail that is torn at any of its last 64 bytes, says how much, and goes on', async () => {
    const { bytes, starts } = await written(30);
    for (let cut = 1; cut <= 64; cut++) {
      const kept = bytes.byteLength - cut;
      await writeFile(path, bytes.subarray(0, kept));
      const whole = [...starts, bytes.byteLength].filter((start) => start <= kept).length - 1;
      const { torn, records } = await reopened();
      expect(records).toHaveLength(whole);
      expect(torn).toBe(kept - [...starts, bytes.byteLength][whole]!);
      expect((await stat(path)).size).toBe(kept - torn);
    }
    const { journal } = await openJournal(path);
    await journal.append(record('after the tear'));
    await journal.close();
    expect((await reopened()).records.at(-1)).toBe('after the tear');
  });

  test('drops a last group whose bytes never reached the disk (zeros), but no group before it', async () => {
    const { bytes, starts } = await written(5);
    const damaged = Buffer.from(bytes);
    damaged.fill(0, starts[4]);
    await writeFile(path, damaged);
    const { torn, records } = await reopened();
    expect(records).toHaveLength(4);
    expect(torn).toBe(bytes.byteLength - starts[4]!);
  });

  test('refuses a flipped bit at every byte before the last group, names the group, and leaves the file alone', async () => {
    const { bytes, starts } = await written(6);
    for (let at = starts[0]!; at < starts[5]!; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = damaged[at]! ^ (1 << (at % 8));
      await writeFile(path, damaged);
      const group = starts.filter((start) => start <= at).at(-1)!;
      const error: unknown = await openJournal(path).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      expect(error).toBeInstanceOf(JournalError);
      expect(error).toMatchObject({ reason: 'corrupt', offset: group, path });
      expect((await readFile(path)).equals(damaged)).toBe(true);
    }
  });

  test('refuses a file that is something else, and a damaged header', async () => {
    await writeFile(path, 'a file of another program, do not touch');
    await expect(openJournal(path)).rejects.toMatchObject({ reason: 'not-a-journal' });
    expect((await readFile(path, 'utf8')).startsWith('a file of')).toBe(true);
    await rm(path);
    const { bytes } = await written(2);
    for (let at = 0; at < 16; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = damaged[at]! ^ 4;
      await writeFile(path, damaged);
      await expect(openJournal(path)).rejects.toMatchObject({ reason: 'not-a-journal' });
    }
  });

  test('starts again from a header that was torn when the file was made', async () => {
    const { bytes } = await written(0);
    for (let kept = 0; kept < 16; kept++) {
      await writeFile(path, bytes.subarray(0, kept));
      expect((await reopened()).records).toEqual([]);
      expect((await readFile(path)).equals(bytes)).toBe(true);
    }
  });

  test('refuses appends after close and records above the limit', async () => {
    const { journal } = await openJournal(path);
    await expect(journal.append(Buffer.alloc(64 * 1024 * 1024 + 1))).rejects.toMatchObject({
      reason: 'record-too-large',
    });
    const last = journal.append(record('last'));
    await Promise.all([journal.close(), journal.close()]);
    await last;
    await expect(journal.append(record('too late'))).rejects.toMatchObject({ reason: 'closed' });
    expect((await reopened()).records).toEqual(['last']);
  });

  test('names the path when the folder is missing', async () => {
    await expect(openJournal(join(folder, 'none', 'journal'))).rejects.toMatchObject({
      name: 'JournalError',
      code: 'ENOENT',
    });
  });

  test('reads a crowd of marks inside a torn record without taking long', async () => {
    const { journal } = await openJournal(path);
    await journal.append(Buffer.from('GRP1'.repeat(200_000)));
    await journal.close();
    const file = await open(path, 'r+');
    await file.truncate((await file.stat()).size - 1);
    await file.close();
    // Checked from each mark to the end, they would run into the deadline of the test.
    expect((await reopened()).records).toEqual([]);
  });
});
