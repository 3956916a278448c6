/** An architecture is read from each form in which it is printed, and from nothing else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ModelError } from '#emars/model/errors.js';
import { readArchitecture } from '#emars/model/read-architecture.js';
import { config, emars } from '../app/run-emars.js';

const GENOME = ['skip', 'mb_k3_e3', 'skip', 'skip'];
let folder = '';
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'emars-architecture-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function reading(text: string): Promise<Awaited<ReturnType<typeof readArchitecture>>> {
  const path = join(folder, 'architecture.json');
  await writeFile(path, text);
  return readArchitecture(path);
}

it('is what inspect prints, with the rest or alone, of a network and of a baseline', async () => {
  const inspected = await emars(['inspect', '--config', config('smoke.yaml'), '--genome', '-', '--json'], {
    input: JSON.stringify({ genome: GENOME }),
  });
  const { architecture, input, window } = await reading(inspected.stdout);
  expect(architecture).toMatchObject({ kind: 'path', genome: GENOME, space: { classes: 3 } });
  expect([input, window]).toEqual([null, null]);
  expect((await reading(JSON.stringify(architecture))).architecture).toEqual(architecture);

  const baseline = await emars(['inspect', '--baseline', 'mc3-small', '--json']);
  expect((await reading(baseline.stdout)).architecture).toEqual({
    kind: 'baseline',
    baseline: 'mc3-small',
    classes: 3,
  });
});

it('refuses what is none, or cannot be built, and names the key', async () => {
  const space = {
    stem: 4,
    widths: [6],
    strides: [2],
    blocks: [2],
    operations: ['skip'],
    head: 8,
    classes: 2,
  };
  const problems: [string, RegExp][] = [
    ['no JSON', /emars inspect --genome FILE --json.*got no JSON/],
    ['{"genome": ["skip"]}', /expected an architecture: a model\.json/],
    [JSON.stringify({ architecture: { kind: 'path', space, genome: 7 } }), /architecture\.genome/],
    [
      JSON.stringify({ kind: 'path', space: { ...space, stem: -1 }, genome: ['skip', 'skip'] }),
      /architecture/,
    ],
    [JSON.stringify({ kind: 'path', space, genome: ['skip'] }), /genome of 2 operations, got 1/],
    [' '.repeat(4 * 1024 * 1024 + 1), /at most 4194304 bytes/],
  ];
  for (const [text, message] of problems) {
    await expect(reading(text)).rejects.toThrow(message);
    await expect(reading(text)).rejects.toThrow(ModelError);
  }
  await expect(readArchitecture(join(folder, 'nothing.json'))).rejects.toThrow(/got ENOENT/);
});
