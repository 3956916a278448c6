/** `emars export` as people and scripts meet it. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { scoreReport } from '#emars/metrics/scores.js';
import { writeModel } from '#emars/model/write-model.js';
import type { ScanTraits } from '#emars/model/seen-scans.js';
import { seenScans } from '#emars/model/seen-scans.js';
import { description, pathArchitecture, untrainedModel } from '../../tensor/support/models.js';
import { emars, mistake } from './run-emars.js';

let folder: string;
let model: string;
const input = { slices: 4, size: 16 };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-export-'));
  model = join(folder, 'model');
  const test = scoreReport(
    { classes: 3, labels: [0, 1, 2], probabilities: [0.6, 0.2, 0.2, 0.1, 0.8, 0.1, 0.5, 0.3, 0.2] },
    ['a', 'b', 'c'],
    1,
    { seed: 1, resamples: 20, level: 0.95 },
  );
  const about = description(pathArchitecture, input);
  const trait = (slices: number, z: number): ScanTraits => ({
    slices,
    height: 512,
    width: 512,
    spacing: [z, 0.7, 0.7],
    intensity: 0.4,
  });
  const { weights } = untrainedModel(pathArchitecture, input);
  await writeModel(
    model,
    {
      ...about,
      data: { ...about.data, seen: seenScans([trait(40, 5), trait(60, 4)]) },
      metrics: { validation: null, test },
    },
    weights,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(['onnx', 'safetensors'])('writes %s and a card into the folder of the model', async (format) => {
  const { code, stdout, stderr } = await emars(['export', model, '--format', format, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const said = JSON.parse(stdout) as { file: string; card: string; bytes: number };
  expect(said.file).toBe(join(model, `model.${format}`));
  expect((await readFile(said.file)).length).toBe(said.bytes);
  const card = await readFile(said.card, 'utf8');
  expect(card).toContain('Not a medical device');
  expect(card).toContain('| accuracy | 0.667 | ');
  expect(card).toContain('| `CP` | 1 | 0 | 0 |');
  expect(card).toContain('had 40 to 60 slices, 4 to 5 mm apart, pixels of 0.7 mm, of 512 x 512 pixels;');
  expect(card).toContain('## Figures on the validation side\n\nNone recorded.');
});

it('gives equal bytes for equal models', async () => {
  const contents = [];
  for (const name of ['one', 'two']) {
    const out = join(folder, `${name}.onnx`);
    await emars([
      'export',
      join(model, 'model.json'),
      '--format',
      'onnx',
      '--out',
      out,
      '--with-preprocessing',
    ]);
    contents.push(await readFile(out));
  }
  expect(contents[0]!.equals(contents[1]!)).toBe(true);
});

it.each<[string, string[], number, string]>([
  ['a model that is not there', ['export', '/nowhere/m', '--format', 'onnx'], 3, 'expected a model there'],
  ['no format', ['export', 'M'], 2, '--format'],
  ['a format there is none of', ['export', 'M', '--format', 'tflite'], 2, 'onnx, safetensors'],
  [
    'preprocessing in safetensors',
    ['export', 'M', '--format', 'safetensors', '--with-preprocessing'],
    2,
    'expected --format onnx',
  ],
  [
    'a folder that is not there',
    ['export', 'M', '--format', 'onnx', '--out', '/nowhere/m.onnx'],
    2,
    '"/nowhere"',
  ],
])('refuses in one line: %s', async (_, args, code, text) => {
  const before = await readdir(model);
  const said = await mistake(...args.map((arg) => (arg === 'M' ? model : arg)));
  expect({ code: said.code, lines: said.lines.length }).toEqual({ code, lines: 1 });
  expect(said.lines[0]).toContain(text);
  expect(await readdir(model)).toEqual(before);
});

// Not by permissions, which do not bind root: a name that a folder has, and a file system that takes no files.
it.each(['folder', ...(process.platform === 'linux' ? ['/proc/m.onnx'] : [])])(
  'ends with 4 and one line where the ONNX file cannot be written: %s',
  async (place) => {
    const out = place === 'folder' ? join(folder, 'unwritable', 'm.onnx') : place;
    if (place === 'folder') await mkdir(out, { recursive: true });
    const { code, stdout, stderr } = await emars(['export', model, '--format', 'onnx', '--out', out]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(/^emars: [^\n]*m\.onnx[^\n]*; [^\n]+\n$/);
    if (place === 'folder') expect(await readdir(join(folder, 'unwritable'))).toEqual(['m.onnx']);
  },
);

it('leaves nothing half-written where a file cannot be replaced', async () => {
  const target = join(folder, 'taken');
  await rm(target, { recursive: true, force: true });
  await writeFile(target, 'a file');
  const said = await mistake('export', model, '--format', 'onnx', '--out', join(target, 'm.onnx'));
  expect(said).toMatchObject({ code: 2, lines: [expect.stringContaining('which is a file')] });
  expect(await readFile(target, 'utf8')).toBe('a file');
});
