import { appendFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildReport } from '#emars/report/build.js';
import { readRun } from '#emars/run/contents.js';
import { RunFolderError } from '#emars/run/error.js';
import { temporaryFolder } from '../report/temporary.js';
import { tinyRun } from '../report/tiny-run.js';

test('a sound folder is read whole', async () => {
  const run = await readRun(await tinyRun(await temporaryFolder(), 'tiny'));
  expect(run.name).toBe('tiny');
  expect(run.history.map(({ epoch, id }) => `${epoch}${id[0] ?? ''}`)).toEqual([
    '1a',
    '1b',
    '1c',
    '2a',
    '2b',
    '2d',
  ]);
  expect(run.front?.history.sha256).toBe(run.historySha256);
  expect(run.historyTorn).toBe(false);
});

describe('damage is one clear error with the file', () => {
  const replace = (file: string, from: string | RegExp, to: string) => async (folder: string) => {
    const before = await readFile(join(folder, file), 'utf8');
    const after = before.replace(from, to);
    expect(after).not.toBe(before);
    await writeFile(join(folder, file), after);
  };
  const cases: [name: string, file: string, damage: (folder: string) => Promise<void>, reason: RegExp][] = [
    [
      'run.json is missing',
      'run.json',
      (folder) => rm(join(folder, 'run.json')),
      /expected this file, found none; is this a run folder\?/,
    ],
    [
      'front.json is missing though the run has finished',
      'front.json',
      (folder) => rm(join(folder, 'front.json')),
      /run\.json says that the run has finished/,
    ],
    [
      'front.json is cut off',
      'front.json',
      (folder) => truncate(join(folder, 'front.json'), 100),
      /expected JSON/,
    ],
    [
      'front.json is of another format',
      'front.json',
      replace('front.json', '"format": 1', '"format": 2'),
      /"format"/,
    ],
    [
      'an id is no hash',
      'front.json',
      replace('front.json', 'aaaaaaaaaaaaaaaa', '../../../etc'),
      /"front\.0\.id": expected 16 hex digits/,
    ],
    [
      'the front names an individual that was not evaluated',
      'front.json',
      replace('front.json', 'aaaaaaaaaaaaaaaa', 'eeeeeeeeeeeeeeee'),
      /eeeeeeeeeeeeeeee is not there/,
    ],
    [
      'the front is of another epoch',
      'front.json',
      replace('front.json', '"epoch": 2', '"epoch": 3'),
      /last history line, 2, got 3/,
    ],
    [
      'a history line is no JSON',
      'history.jsonl',
      replace('history.jsonl', '{"epoch":2', '{epoch:2'),
      /line 4: expected JSON/,
    ],
    [
      'a value is no number',
      'history.jsonl',
      replace('history.jsonl', '"accuracy":0.8', '"accuracy":"high"'),
      /line 4: "values\.accuracy"/,
    ],
    [
      'a value overflows',
      'history.jsonl',
      replace('history.jsonl', '"accuracy":0.8', '"accuracy":1e999'),
      /line 4: "values\.accuracy"/,
    ],
    [
      'lines are out of order',
      'history.jsonl',
      replace('history.jsonl', '{"epoch":2,"id":"b', '{"epoch":1,"id":"b'),
      /line 5: expected lines sorted by epoch, then id/,
    ],
    [
      'a line stands twice',
      'history.jsonl',
      replace('history.jsonl', 'bbbbbbbbbbbbbbbb', 'aaaaaaaaaaaaaaaa'),
      /line 2: expected lines sorted/,
    ],
    [
      'a genome has another length',
      'history.jsonl',
      replace('history.jsonl', '["mb_k3_e3","skip"]', '["mb_k3_e3"]'),
      /line 2: expected a genome of 2 blocks as in line 1, got 1/,
    ],
    [
      'a confusion matrix does not fit the classes',
      'history.jsonl',
      replace('history.jsonl', '[[5,1],[1,3]]', '[[5,1,0],[1,3,0]]'),
      /line 4: expected a confusion matrix of 2 × 2/,
    ],
    [
      'the history of a finished run is cut off',
      'history.jsonl',
      (folder) => appendFile(join(folder, 'history.jsonl'), '{"epoch":3'),
      /line 7: expected a line end/,
    ],
    [
      'the configuration is no YAML',
      'config.yaml',
      (folder) => writeFile(join(folder, 'config.yaml'), 'seed: [1'),
      /expected YAML/,
    ],
    [
      'the configuration is no tree',
      'config.yaml',
      (folder) => writeFile(join(folder, 'config.yaml'), '- 1\n'),
      /expected record/,
    ],
    [
      'the configuration is a bomb of aliases',
      'config.yaml',
      (folder) => writeFile(join(folder, 'config.yaml'), 'a: &a [x]\nb: [*a, *a]\n'),
      /expected YAML/,
    ],
    [
      'the configuration is too large',
      'config.yaml',
      (folder) => writeFile(join(folder, 'config.yaml'), Buffer.alloc(2 ** 20 + 1, 35)),
      /expected at most 1048576 bytes, got 1048577/,
    ],
    [
      'the split has a side that is no list',
      'split.json',
      replace('split.json', '"test": []', '"test": {}'),
      /"test"/,
    ],
    [
      'a count is negative',
      'run.json',
      replace('run.json', '"repeatedSlots": 2', '"repeatedSlots": -2'),
      /"repeatedSlots"/,
    ],
    [
      'a file is a folder',
      'split.json',
      async (folder) => {
        await rm(join(folder, 'split.json'));
        await mkdir(join(folder, 'split.json'));
      },
      /cannot be read/,
    ],
  ];
  test.each(cases)('%s', async (_, file, damage, reason) => {
    const folder = await tinyRun(await temporaryFolder(), 'damaged');
    await damage(folder);
    const error: unknown = await buildReport(folder).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RunFolderError);
    const { path, reason: got, message } = error as RunFolderError;
    expect(path).toBe(join(folder, file));
    expect(got).toMatch(reason);
    expect(message).not.toContain('\n');
    await expect(readFile(join(folder, 'report.html'))).rejects.toThrow('ENOENT');
  });

  test('no folder at all', async () => {
    await expect(readRun(join(await temporaryFolder(), 'nowhere'))).rejects.toThrow(
      /expected a run folder, found none/,
    );
  });
});

test('a front of the epoch before does not count while the run lives, one of the last epoch does', async () => {
  const folder = await tinyRun(await temporaryFolder(), 'between');
  await writeFile(join(folder, 'run.json'), '{"format":1,"status":"running"}');
  expect((await readRun(folder)).front?.epoch).toBe(2);
  const history = await readFile(join(folder, 'history.jsonl'), 'utf8');
  await appendFile(
    join(folder, 'history.jsonl'),
    history.split('\n').slice(3, 6).join('\n').replaceAll('"epoch":2', '"epoch":3').concat('\n'),
  );
  const run = await readRun(folder);
  expect(run.history.at(-1)?.epoch).toBe(3);
  expect(run.front).toBeNull();
});

test('a split that was given has no seed and no fractions', async () => {
  const folder = await tinyRun(await temporaryFolder(), 'given');
  const path = join(folder, 'split.json');
  await writeFile(
    path,
    (await readFile(path, 'utf8')).replace(
      '"seed": 1,\n  "fractions": {"validation":0.5,"test":0}',
      '"seed": null,\n  "fractions": null',
    ),
  );
  expect((await readRun(folder)).split?.seed).toBeNull();
  const page = await readFile((await buildReport(folder)).html, 'utf8');
  expect(page).toContain('with a split by patient that was given');
});

test('a line that is still being written is left out while the run lives', async () => {
  const folder = await tinyRun(await temporaryFolder(), 'alive');
  await rm(join(folder, 'front.json'));
  await writeFile(join(folder, 'run.json'), '{"format":1,"status":"running"}');
  await appendFile(join(folder, 'history.jsonl'), '{"epoch":3,"id":"aaaa');
  const run = await readRun(folder);
  expect(run.history).toHaveLength(6);
  expect(run.historyTorn).toBe(true);
});
