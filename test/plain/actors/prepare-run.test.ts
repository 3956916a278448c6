/** What a search refuses and remarks about its data before anything is started, on real phantom scans. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { prepareRun, type PreparedRun } from '#emars/actors/parent/prepare-run.js';
import { runFolder } from '#emars/run/folder.js';
import { loadOptions } from '#emars/config/load.js';
import { ConfigError } from '#emars/config/problem.js';
import { writePhantoms } from '#emars/scan/phantom/phantom.js';
import { SplitError } from '#emars/scan/split/split.js';

const root = mkdtempSync(join(tmpdir(), 'emars-prepare-'));
const scans = join(root, 'scans');
let runs = 0;

beforeAll(async () => {
  vi.stubEnv('EMARS_CACHE', join(root, 'cache'));
  await writePhantoms(scans, {
    seed: 1,
    patients: 9,
    scansPerPatient: 1,
    classes: ['Normal', 'NCP', 'CP'],
    shape: [4, 16, 16],
    contrast: 1,
    format: 'png',
  });
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

function prepare(data: object = {}): Promise<PreparedRun> {
  const options = loadOptions({
    overrides: {
      input: { size: 16, slices: 4 },
      training: { batch: 2, microBatches: 1 },
      data: { path: scans, ...data },
    },
  });
  const folder = runFolder(join(root, `run-${runs++}`));
  return prepareRun(folder, options, () => undefined, new AbortController().signal);
}

describe('preparing a run', () => {
  it('remarks on a small validation side', async () => {
    expect((await prepare()).remarks).toEqual([
      expect.stringMatching(/^the validation side has \d scans: one scan moves/) as string,
    ]);
  });

  it('refuses a positive class that the data do not have, with the one that was meant', async () => {
    const refused = prepare({ positive: 'NCPP' });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(/data\.positive: expected a class of the data.*did you mean NCP\?/);
  });

  it('refuses a class that cannot stand on both sides', async () => {
    const [, ...others] = readdirSync(join(scans, 'CP'));
    for (const patient of others) rmSync(join(scans, 'CP', patient), { recursive: true });
    const refused = prepare();
    await expect(refused).rejects.toThrow(SplitError);
    await expect(refused).rejects.toThrow(/no scan of class CP on the (training|validation) side/);
  });
});
