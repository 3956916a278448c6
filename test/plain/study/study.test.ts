/** What a study checks before it begins, and its record of phases. */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDone, readStudyRecord, recordPhase } from '#emars/study/record.js';
import { config, mistake } from '../app/run-emars.js';

const ORDER = ['scans', 'search', 'tables'];
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-study-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const GOOD = `
search: {data: {split: {test: 0.2}}}
retrain: {top: 2, rankEpochs: 1, epochs: 2, recipe: {objectives: [accuracy]}}
baselines: {networks: [mc3-small], epochs: 1}
newScans: {seed: 7, patients: 3}
`;

describe('a study is refused before its folder is made, in one line, for', () => {
  it.each([
    ['no YAML', 'search: [', /expected YAML/],
    ['a key that does not exist', `${GOOD}\nserach: {}`, /serach/],
    ['a section that is missing', GOOD.replace(/newScans.*/, ''), /newScans/],
    ['a number out of range', GOOD.replace('top: 2', 'top: 0'), /retrain\.top/],
    ['a setting of the search that does not exist', GOOD.replace('{data', '{sed: 1, data'), /sed/],
    [
      'a recipe that is none',
      GOOD.replace('{objectives', '{training: {batch: -1}, objectives'),
      /training\.batch/,
    ],
    [
      'a baseline twice',
      GOOD.replace('[mc3-small]', '[mc3-small, mc3-small]'),
      /baselines\.networks.*each.*once/,
    ],
    [
      'objectives that no baseline has',
      GOOD.replace('[accuracy]', '[accuracy, size]'),
      /no genome where a baseline/,
    ],
    ['a baseline that there is none of', GOOD.replace('mc3', 'mc4'), /baselines\.networks/],
    ['scans of its own', GOOD.replace('{data: {', '{data: {path: x, '), /data\.path.*makes its phantoms/],
    ['no test set', GOOD.replace('{split: {test: 0.2}}', '{}'), /split\.test.*above 0/],
    ['new scans of the same patients', GOOD.replace('seed: 7', 'seed: 1'), /newScans\.seed/],
  ])('%s', async (_, text, message) => {
    const file = join(folder, 'study.yaml');
    await writeFile(file, text);
    const { code, lines } = await mistake('study', '--config', file, '--out', join(folder, 'out'));
    expect(code).toBe(2);
    expect(lines.join('\n')).toMatch(message);
    expect(await readdir(folder)).toEqual(['study.yaml']);
  });

  it('neither --config nor --resume, both, and a folder that holds no study', async () => {
    expect((await mistake('study')).lines[0]).toMatch(/--config FILE .* or --resume DIR/);
    expect((await mistake('study', '--resume', folder, '--config', 'x')).lines[0]).toMatch(/leave them out/);
    expect((await mistake('study', '--resume', folder)).lines[0]).toMatch(/has no study\.yaml/);
    const begun = ['study', '--config', config('study-quickstart.yaml'), '--out', folder];
    expect((await mistake(...begun)).lines[0]).toMatch(/emars study --resume/);
  });
});

describe('the record of a study', () => {
  const put = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);

  it('knows a phase whose files are as they were left, and no other', async () => {
    await mkdir(join(folder, 'deep'));
    await put('deep/a.txt', 'a');
    const record = await recordPhase(folder, ORDER, 'scans', ['deep/a.txt']);
    expect(await isDone(folder, record, 'scans')).toBe(true);
    expect(await isDone(folder, record, 'search')).toBe(false);
    await put('deep/a.txt', 'b');
    expect(await isDone(folder, record, 'scans')).toBe(false);
    await rm(join(folder, 'deep/a.txt'));
    expect(await isDone(folder, record, 'scans')).toBe(false);
  });

  it('forgets what was made of a phase that is done anew', async () => {
    await put('a.txt', 'a');
    for (const name of ORDER) await recordPhase(folder, ORDER, name, ['a.txt']);
    const names = async (): Promise<string[]> =>
      (await readStudyRecord(folder)).phases.map(({ name }) => name);
    expect(await names()).toEqual(ORDER);
    await recordPhase(folder, ORDER, 'search', ['a.txt']);
    expect(await names()).toEqual(['scans', 'search']);
  });

  it('is refused when it is damaged, with what to do', async () => {
    await put('a.txt', 'a');
    await recordPhase(folder, ORDER, 'scans', ['a.txt']);
    const path = join(folder, 'study.json');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, -20));
    await expect(readStudyRecord(folder)).rejects.toThrow(/damaged|expected what a study wrote.*remove it/);
  });
});
