/** `emars predict` on files, against the logits of the network. */
import './support/one-thread.js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { onnxModel } from '#emars/export/onnx/onnx-model.js';
import { writeModel } from '#emars/model/write-model.js';
import { encodeNifti } from '#emars/scan/phantom/phantom-files.js';
import { emars } from '../plain/app/run-emars.js';
import { description, pathArchitecture, untrainedModel } from './support/models.js';
import { randomFloats } from './support/numbers.js';

const input = { slices: 4, size: 16 };
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
  const { code, stderr } = await emars(['predict', join(folder, 'model'), join(folder, 'nothing')]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/^emars: [^\n]*it is not there\n$/);
});
