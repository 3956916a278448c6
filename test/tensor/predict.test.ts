/** `emars predict` on files, against the logits of the network. */
import './support/one-thread.js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { onnxModel } from '#emars/export/onnx/onnx-model.js';
import { seenScans } from '#emars/model/seen-scans.js';
import { writeModel } from '#emars/model/write-model.js';
import { encodeNifti } from '#emars/scan/phantom/phantom-files.js';
import { emars } from '../plain/app/run-emars.js';
import { lay } from '../plain/scan/scratch.js';
import { series } from '../plain/scan/write-dicom.js';
import { description, pathArchitecture, untrainedModel } from './support/models.js';
import { randomFloats } from './support/numbers.js';

const input = { slices: 4, size: 16, crop: 0.7 };
const shape = [6, 24, 20] as const;
const model = untrainedModel(pathArchitecture, input);
const scan = Int16Array.from(randomFloats(6 * 24 * 20, 'scan'), (value) => 500 * value - 900);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-predict-'));
  await writeModel(join(folder, 'model'), description(pathArchitecture, input), model.weights);
  await writeFile(join(folder, 'good.nii'), encodeNifti(scan, shape, [1, 1, 1]));
  await writeFile(
    join(folder, 'air.nii'),
    encodeNifti(new Int16Array(scan.length).fill(3000), shape, [1, 1, 1]),
  );
  await writeFile(join(folder, 'broken.nii'), 'no volume');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('predicts what the ONNX file with preprocessing does; one bad file does not end the rest', async () => {
  const files = ['good.nii', 'broken.nii', 'air.nii'].map((name) => join(folder, name));
  const { code, stdout, stderr } = await emars(['predict', join(folder, 'model'), ...files, '--json']);
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
  const said = JSON.parse(stdout) as {
    scans: {
      scan: string;
      class: string;
      probabilities: Record<string, number>;
      uncertainty: number;
      warnings: string[];
    }[];
    failed: { path: string }[];
  };
  expect(said.failed.map(({ path }) => path)).toEqual([files[1]]);
  expect(said.scans.map(({ scan: name }) => name)).toEqual([files[0], files[2]]);
  const session = await InferenceSession.create(onnxModel(model, { withPreprocessing: true }));
  const { probabilities } = await session.run({
    scan: new Tensor('float32', Float32Array.from(scan), [1, ...shape]),
  });
  const [good, air] = said.scans;
  Object.values(good!.probabilities).forEach((value, i) =>
    expect(value).toBeCloseTo(Number(probabilities!.data[i]), 4),
  );
  expect(good!.uncertainty).toBeGreaterThan(0);
  expect(good!.warnings).toEqual([]);
  expect(air!.uncertainty).toBeLessThan(0.01);
  expect(air!.warnings).toEqual([expect.stringContaining('mean intensity')]);
});

it('ends with 3 and one line where a path is not there', async () => {
  const nothing = join(folder, 'nothing');
  const { code, stderr } = await emars(['predict', join(folder, 'model'), nothing]);
  expect(code).toBe(3);
  expect(stderr).toBe(`emars: ${nothing}: expected a scan or a folder of scans; it is not there\n`);
});

it('writes a table for programs, and reads DICOM beside other files in folders', async () => {
  const scans = join(folder, 'in, coming');
  lay(scans, {
    ...series('export/one', [0, 2, 4, 6], {}, (i) => `a${i}`),
    ...series('export/two', [0, 5, 10], { study: '9', series: '9.1' }, (i) => `IM${i}.dcm`),
    'sub/good.nii': encodeNifti(scan, shape, [1, 1, 1]),
    'sub/broken.nii': Buffer.from('no volume'),
  });
  const { code, stdout, stderr } = await emars(['predict', join(folder, 'model'), scans, '--csv']);
  expect(code).toBe(3);
  expect(stderr).toMatch(/^emars: [^\n]*broken\.nii[^\n]*\n$/);
  const [head, ...lines] = stdout.trim().split('\n');
  expect(head).toBe('scan,class,p_CP,p_NCP,p_Normal,uncertainty,warnings');
  // Names with a comma are quoted; the patient of the header stands nowhere.
  const names = lines.map((line) => /^"(.*?)",(CP|NCP|Normal),/.exec(line)?.[1]);
  expect(names).toEqual(['sub/good.nii', 'export/one', 'export/two'].map((name) => join(scans, name)));
  expect(stdout).not.toMatch(/Lovelace|MRN-4711/);
  for (const line of lines) {
    const [, , ...probabilities] = line
      .slice(line.indexOf('",') + 1)
      .split(',')
      .slice(0, 5);
    expect(probabilities.map(Number).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
  }
});

it('warns where a scan is unlike those that the model was trained on', async () => {
  const seen = seenScans([
    { slices: 6, height: 24, width: 20, spacing: [2, 1, 1], intensity: 0.3 },
    { slices: 8, height: 24, width: 20, spacing: [3, 1, 1], intensity: 0.4 },
  ]);
  const about = description(pathArchitecture, input);
  await writeModel(join(folder, 'ranged'), { ...about, data: { ...about.data, seen } }, model.weights);
  const warningsOf = async (values: Int16Array, mm: readonly [number, number, number]): Promise<string[]> => {
    const file = join(folder, 'ranged.nii');
    await writeFile(file, encodeNifti(values, shape, mm));
    const { stdout } = await emars(['predict', join(folder, 'ranged'), file, '--json']);
    return (JSON.parse(stdout) as { scans: { warnings: string[] }[] }).scans[0]!.warnings;
  };
  expect(await warningsOf(scan, [2, 1, 1])).toEqual([]);
  expect(await warningsOf(new Int16Array(scan.length).fill(3000), [9, 1, 1])).toEqual([
    expect.stringMatching(/^slices 9 mm apart; the training scans had 2 to 3 mm$/),
    expect.stringMatching(/^mean intensity 1 of the window/),
  ]);
});
