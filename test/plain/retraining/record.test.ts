/** What a test set has seen is written down, and another look refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTest, readRecord, RetrainingError, SEARCHED, testOpenings } from '#emars/retraining/record.js';

let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'emars-record-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

it('opens a test set once; the same weights again are the same opening', async () => {
  const path = join(folder, 'test-opened.json');
  expect(await testOpenings(path, { split: 's', network: SEARCHED })).toEqual([]);
  expect(await openTest(path, { split: 's', network: SEARCHED, weights: 'a' }, false)).toBe(1);
  expect(await openTest(path, { split: 's', network: SEARCHED, weights: 'a' }, false)).toBe(1);
  await expect(openTest(path, { split: 's', network: SEARCHED, weights: 'b' }, false)).rejects.toThrow(
    /no model has seen, got one opened 1 time .*--reopen-test/,
  );
  expect(await openTest(path, { split: 's', network: SEARCHED, weights: 'b' }, true)).toBe(2);
  expect(await testOpenings(path, { split: 's', network: SEARCHED })).toEqual(['a', 'b']);
});

it('knows test sets apart by their split', async () => {
  const path = join(folder, 'test-opened.json');
  await openTest(path, { split: 's', network: SEARCHED, weights: 'a' }, false);
  expect(await openTest(path, { split: 't', network: SEARCHED, weights: 'b' }, false)).toBe(1);
});

it('gives each network that is compared one look of its own', async () => {
  const path = join(folder, 'test-opened.json');
  const mc3 = { split: 's', network: 'mc3-18' };
  expect(await openTest(path, { split: 's', network: SEARCHED, weights: 'a' }, false)).toBe(1);
  expect(await openTest(path, { ...mc3, weights: 'b' }, false)).toBe(1);
  await expect(openTest(path, { ...mc3, weights: 'c' }, false)).rejects.toThrow(/opened 1 time/);
  expect(await testOpenings(path, mc3)).toEqual(['b']);
});

it('reads a record in which only searched networks looked', async () => {
  const path = join(folder, 'test-opened.json');
  await writeFile(path, '{"format": 1, "openings": [{"split": "s", "weights": "a"}]}');
  expect(await testOpenings(path, { split: 's', network: SEARCHED })).toEqual(['a']);
});

it('refuses a damaged record, and a folder without one, with what to do', async () => {
  const path = join(folder, 'test-opened.json');
  await writeFile(path, '{"format": 2}');
  await expect(testOpenings(path, { split: 's', network: SEARCHED })).rejects.toThrow(RetrainingError);
  await expect(readRecord(join(folder, 'retrain.json'))).rejects.toThrow(/emars retrain RUN --out DIR/);
});
