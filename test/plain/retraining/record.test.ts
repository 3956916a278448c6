/** What a test set has seen is written down, and another look refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTest, readRecord, RetrainingError, testOpenings } from '#emars/retraining/record.js';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'emars-record-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

it('opens a test set once; the same weights again are the same opening', async () => {
  const path = join(folder, 'test-opened.json');
  expect(await testOpenings(path, 's')).toEqual([]);
  expect(await openTest(path, { split: 's', weights: 'a' }, false)).toBe(1);
  expect(await openTest(path, { split: 's', weights: 'a' }, false)).toBe(1);
  await expect(openTest(path, { split: 's', weights: 'b' }, false)).rejects.toThrow(
    /no model has seen, got one opened 1 time .*--reopen-test/,
  );
  expect(await openTest(path, { split: 's', weights: 'b' }, true)).toBe(2);
  expect(await testOpenings(path, 's')).toEqual(['a', 'b']);
});

it('knows test sets apart by their split', async () => {
  const path = join(folder, 'test-opened.json');
  await openTest(path, { split: 's', weights: 'a' }, false);
  expect(await openTest(path, { split: 't', weights: 'b' }, false)).toBe(1);
});

it('refuses a damaged record, and a folder without one, with what to do', async () => {
  const path = join(folder, 'test-opened.json');
  await writeFile(path, '{"format": 2}');
  await expect(testOpenings(path, 's')).rejects.toThrow(RetrainingError);
  await expect(readRecord(join(folder, 'retrain.json'))).rejects.toThrow(/emars retrain RUN --out DIR/);
});
