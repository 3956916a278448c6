import { appendFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelError } from '#emars/model/errors.js';
import { readModel, type Model } from '#emars/model/read-model.js';
import type { ModelDescription } from '#emars/model/schema.js';
import { writeModel } from '#emars/model/write-model.js';
import { scoreReport } from '#emars/metrics/scores.js';
import { networkOf } from '#emars/network/architecture.js';
import type { NetworkWeights } from '#emars/network/network.js';
import { initialiseParameters, initialStatistics } from '#emars/network/initialise.js';

const path: ModelDescription = {
  architecture: {
    kind: 'path',
    space: {
      stem: 4,
      widths: [6, 8],
      strides: [2, 2],
      blocks: [2, 1],
      operations: ['mb_k3_e2', 'mb_k5_e2', 'skip'],
      head: 12,
      classes: 2,
    },
    genome: ['mb_k3_e2', 'skip', 'mb_k5_e2'],
  },
  input: { slices: 16, size: 32, crop: 0.5 },
  classes: ['Normal', 'NCP'],
  positive: 'NCP',
  preprocessing: { window: { low: -1350, high: 150 }, mean: 0.31, std: 0.25 },
  training: {
    seed: 1,
    epochs: 20,
    chosenEpoch: 17,
    options: { optimizer: 'adam', flips: { horizontal: true } },
  },
  data: { splitSha256: 'a'.repeat(64), training: 40, validation: 10, test: 0 },
  temperature: 1.25,
  metrics: {
    validation: scoreReport(
      { classes: 2, labels: [0, 1, 1], probabilities: [0.9, 0.1, 0.4, 0.6, 0.7, 0.3] },
      ['a', 'b', 'c'],
      1,
      { seed: 1, resamples: 20, level: 0.95 },
    ),
    test: null,
  },
};
const baseline: ModelDescription = {
  ...path,
  architecture: { kind: 'baseline', baseline: 'densenet3d-small', classes: 2 },
  positive: null,
};

function firstWeights({ architecture }: ModelDescription, seed: number): NetworkWeights {
  const { layout } = networkOf(architecture);
  return { parameters: initialiseParameters(layout, seed), statistics: initialStatistics(layout) };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-model-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Writes `path`, lets `change` edit the text of model.json, and reads it. */
async function readChanged(change: (text: string) => string): Promise<unknown> {
  await writeModel(folder, path, firstWeights(path, 1));
  const file = join(folder, 'model.json');
  await writeFile(file, change(await readFile(file, 'utf8')));
  return readModel(folder);
}

describe('a model', () => {
  it.each([
    ['of a search space', path],
    ['of a baseline', baseline],
  ])('%s comes back as it was written', async (_, description) => {
    const weights = firstWeights(description, 7);
    const written = await writeModel(folder, description, weights);
    const model = await readModel(folder);
    expect(model.document).toEqual(written);
    expect(model.document).toMatchObject(description);
    expect(model.weights).toEqual(weights);
    expect(model.network.layout).toEqual(networkOf(description.architecture).layout);
    expect((await readModel(join(folder, 'model.json'))).document).toEqual(written);
  });

  it('has equal bytes for equal content, and no trace of when and where it was written', async () => {
    await writeModel(folder, path, firstWeights(path, 7));
    const other = join(folder, 'deeper', 'still');
    await writeModel(other, path, firstWeights(path, 7));
    const names = (await readdir(other)).sort();
    expect(names).toEqual((await readdir(folder)).filter((name) => name !== 'deeper').sort());
    for (const name of names)
      expect(await readFile(join(other, name))).toEqual(await readFile(join(folder, name)));
  });

  it('of an older version, which had no crop, saw whole slices', async () => {
    const { document } = (await readChanged((text) => text.replace(/,\s*"crop": 0\.5/, ''))) as Model;
    expect(document.input).toEqual({ slices: 16, size: 32, crop: 1 });
  });

  it('replaces an older one, whose weights go', async () => {
    await writeModel(folder, path, firstWeights(path, 7));
    const { weights } = await writeModel(folder, path, firstWeights(path, 8));
    expect((await readdir(folder)).sort()).toEqual(['model.json', weights.file]);
    expect((await readModel(folder)).weights).toEqual(firstWeights(path, 8));
  });

  it('is refused on writing when weights or classes do not fit the architecture', async () => {
    await expect(writeModel(folder, path, firstWeights(baseline, 1))).rejects.toThrow(
      /parameters and \d+ statistics of the architecture/,
    );
    await expect(
      writeModel(folder, { ...path, classes: ['a', 'b', 'c'] }, firstWeights(path, 1)),
    ).rejects.toThrow('expected 2 classes, got 3');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a model that is not whole is refused, with the file and what is wrong:', () => {
  it('no file', async () => {
    const error: unknown = await readModel(folder).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ reason: 'missing', path: join(folder, 'model.json') });
  });

  it.each<[string, (text: string) => string, string]>([
    ['no JSON', (text) => text.slice(1), 'expected JSON'],
    ['another format', (text) => text.replace('"format": 1', '"format": 2'), 'format: '],
    ['a key that does not exist', (text) => text.replace('"format"', '"x": 1, "format"'), '"x"'],
    [
      'a genome of another space',
      (text) => text.replace('"genome": [', '"genome": ["skip", '),
      'genome of 3',
    ],
    [
      'another operation',
      (text) => text.replace(/"mb_k3_e2",\s*"skip",\s*"mb_k5/, '"skip","skip","mb_k5'),
      'weights of',
    ],
    [
      'a positive class there is none of',
      (text) => text.replace('"positive": "NCP"', '"positive": "CP"'),
      'got CP',
    ],
    ['a class twice', (text) => text.replace('"Normal"', '"NCP"'), 'each class once'],
    ['a path out of the folder', (text) => text.replace('"weights-', '"../weights-'), 'weights.file'],
    [
      'a layout of other tensors',
      (text) => text.replace(/"layout": ".{8}/, '"layout": "00000000'),
      'other tensors',
    ],
    ['a standard deviation of 0', (text) => text.replace('"std": 0.25', '"std": 0'), 'preprocessing.std'],
  ])('%s', async (_, change, message) => {
    await expect(readChanged(change)).rejects.toThrow(message);
    await expect(readModel(folder)).rejects.toBeInstanceOf(ModelError);
  });

  it('weights cut short, longer, or with one bit flipped', async () => {
    const { weights } = await writeModel(folder, path, firstWeights(path, 1));
    const file = join(folder, weights.file);
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(4));
    await expect(readModel(folder)).rejects.toThrow(`expected ${bytes.length} bytes of weights`);
    await writeFile(file, bytes);
    await appendFile(file, 'x');
    await expect(readModel(folder)).rejects.toThrow(`got ${bytes.length + 1}`);
    bytes[100]! ^= 1;
    await writeFile(file, bytes);
    await expect(readModel(folder)).rejects.toThrow(/expected the SHA-256 .* damaged or another model/);
  });

  it('a document too large to be one', async () => {
    await writeFile(join(folder, 'model.json'), ' '.repeat(4 * 1024 * 1024 + 1));
    await expect(readModel(folder)).rejects.toThrow('expected at most 4194304 bytes');
  });
});
