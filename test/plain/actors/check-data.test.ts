/** A search that goes on with other data than it began with is refused; phantoms that are gone are made again. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openSearch } from '#emars/actors/evolution/search-journal.js';
import { checkData } from '#emars/actors/parent/check-data.js';
import { prepareRun } from '#emars/actors/parent/prepare-run.js';
import { openWorkbench } from '#emars/actors/worker/workbench.js';
import type { Differences } from '#emars/config/load.js';
import { loadOptions } from '#emars/config/load.js';
import type { Options } from '#emars/config/options.js';
import { dataDigest, DataChanged } from '#emars/run/data-record.js';
import type { RunFolder } from '#emars/run/folder.js';
import { runFolder } from '#emars/run/folder.js';
import { writePhantoms } from '#emars/scan/phantom/phantom.js';
import { RULES } from '../search/support.js';

const root = mkdtempSync(join(tmpdir(), 'emars-check-data-'));
const scans = join(root, 'scans');
const PHANTOM = { patients: 8, scansPerPatient: 1, slices: 4, size: 16 };
const { signal } = new AbortController();
const quiet = (): void => undefined;
let runs = 0;

beforeAll(async () => {
  vi.stubEnv('EMARS_CACHE', join(root, 'cache'));
  const { slices, size, ...rest } = PHANTOM;
  await writePhantoms(scans, { ...rest, seed: 1, classes: ['Normal', 'NCP'], shape: [slices, size, size] });
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

interface Prepared {
  readonly folder: RunFolder;
  readonly options: Options;
  /** The run's own scans. */
  readonly data: string;
  /** What a resume does first. */
  readonly check: () => Promise<void>;
}

/** A prepared run: on a copy of the scans, or on phantoms of its own. */
async function prepared(own: boolean): Promise<Prepared> {
  const folder = runFolder(join(root, `run-${runs}`));
  const data = own ? folder.phantoms : join(root, `data-${runs++}`);
  if (!own) cpSync(scans, data, { recursive: true });
  const overrides: Differences<Options> = {
    input: { size: 16, slices: 4 },
    training: { batch: 2, microBatches: 1 },
    data: own ? { phantom: { ...PHANTOM, classes: ['Normal', 'NCP'] } } : { path: data },
  };
  const options = loadOptions({ overrides });
  await prepareRun(folder, options, quiet, signal);
  return { folder, options, data, check: () => checkData(folder, options, quiet, signal) };
}

/** The first slice of the first patient of a class. */
function aSlice(data: string, ofClass: string): { id: string; path: string } {
  const patient = readdirSync(join(data, ofClass)).sort()[0]!;
  return { id: `${ofClass}/${patient}/1`, path: join(data, ofClass, patient, '1', '1.png') };
}

describe('a search that goes on', () => {
  it('takes the data that it began with, and those copied back', async () => {
    const { data, check } = await prepared(false);
    await check();
    rmSync(data, { recursive: true });
    cpSync(scans, data, { recursive: true });
    await check();
  });

  it('refuses an exchanged slice, and names the scan; so does a worker that opens the run', async () => {
    const { folder, data, check } = await prepared(false);
    const { id, path } = aSlice(data, 'NCP');
    cpSync(aSlice(data, 'Normal').path, path);
    await expect(check()).rejects.toThrow(DataChanged);
    await expect(check()).rejects.toThrow(`the files of scan ${id} in ${data} have changed`);
    await expect(openWorkbench(folder.root, null)).rejects.toThrow(DataChanged);
  });

  it('refuses a removed scan and a new class', async () => {
    const { data, check } = await prepared(false);
    const { id } = aSlice(data, 'NCP');
    cpSync(join(data, 'Normal'), join(data, 'Another'), { recursive: true });
    await expect(check()).rejects.toThrow(/has the classes Another, NCP, Normal instead of NCP, Normal/);
    rmSync(join(data, id, '..'), { recursive: true });
    await expect(check()).rejects.toThrow(`scan ${id} is not in ${data} any more`);
  });

  it('refuses an edited split.json', async () => {
    const { folder, check } = await prepared(false);
    const split = JSON.parse(readFileSync(folder.split, 'utf8')) as { train: object[]; test: object[] };
    split.test.push(split.train.pop()!);
    writeFileSync(folder.split, JSON.stringify(split));
    await expect(check()).rejects.toThrow('split.json is not as it was written');
  });

  it('makes deleted and damaged phantoms again, the same', async () => {
    const { folder, check } = await prepared(true);
    const before = readFileSync(folder.data, 'utf8');
    const { path } = aSlice(folder.phantoms, 'NCP');
    const slice = readFileSync(path);
    rmSync(folder.phantoms, { recursive: true });
    await check();
    expect(readFileSync(path)).toEqual(slice);
    cpSync(aSlice(folder.phantoms, 'Normal').path, path);
    await check();
    expect(readFileSync(path)).toEqual(slice);
    expect(readFileSync(folder.data, 'utf8')).toBe(before);
  });

  it('refuses other data although the record of them was removed: the journal has its digest', async () => {
    const { folder, data, check } = await prepared(false);
    const open = async (): Promise<void> => {
      const facts = { run: 'r', optionsHash: 'a'.repeat(64), dataDigest: await dataDigest(folder) };
      await (await openSearch(folder.journal, RULES, facts)).journal.close();
    };
    await open();
    rmSync(folder.data);
    await check();
    await open();
    rmSync(folder.data);
    cpSync(aSlice(data, 'Normal').path, aSlice(data, 'NCP').path);
    await check();
    await expect(open()).rejects.toThrow(/expected the data that .*journal was begun with/);
  });
});
