/** `emars explain` on a file. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeModel } from '#emars/model/write-model.js';
import { encodeNifti } from '#emars/scan/phantom/phantom-files.js';
import { emars } from '../plain/app/run-emars.js';
import { description, pathArchitecture, untrainedModel } from './support/models.js';
import { randomFloats } from './support/numbers.js';

const input = { slices: 4, size: 16 };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-explain-'));
  const { weights } = untrainedModel(pathArchitecture, input);
  await writeModel(join(folder, 'model'), description(pathArchitecture, input), weights);
  const scan = Int16Array.from(randomFloats(6 * 24 * 20, 'scan'), (value) => 500 * value - 900);
  await writeFile(join(folder, 'scan.nii'), encodeNifti(scan, [6, 24, 20], [1, 1, 1]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('writes an overlay of each slice in its own size, a montage and a score a slice', async () => {
  const [model, scan, out] = ['model', 'scan.nii', 'heat'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const { code, stderr } = await emars(['explain', model, scan, '--out', out, '--class', 'NCP', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const slices = Array.from({ length: 6 }, (_, z) => `slice-000${z}.png`);
  const made = join(out, 'scan-0000');
  expect((await readdir(made)).sort()).toEqual(['montage.png', ...slices, 'slices.csv']);
  expect(await sharp(join(made, slices[5]!)).metadata()).toMatchObject({
    width: 20,
    height: 24,
    channels: 3,
  });
  const lines = (await readFile(join(made, 'slices.csv'), 'utf8')).trim().split('\n');
  expect(new Set(lines).size).toBe(7);
  const again = await emars(['explain', model, scan, '--out', out]);
  expect(again.code).toBe(2);
  const other = await emars(['explain', model, scan, '--out', join(folder, 'x'), '--class', 'none']);
  expect(other.code).toBe(2);
  expect(await readdir(folder)).not.toContain('x');
});
