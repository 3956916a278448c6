/**
 * Rows of docs/guides/faults.md that end before a message is sent: a lock, a journal, a cache. Their
 * transcripts are of the real files in a folder of their own, without virtual time.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSearch } from '#emars/actors/evolution/search-journal.js';
import { checkData } from '#emars/actors/parent/check-data.js';
import { prepareRun } from '#emars/actors/parent/prepare-run.js';
import { loadOptions } from '#emars/config/load.js';
import { optionsHash } from '#emars/config/describe.js';
import { runFolder, type RunFolder } from '#emars/run/folder.js';
import { acquireRunLock } from '#emars/runtime/storage/run-lock.js';
import { writePhantoms } from '#emars/scan/phantom/phantom.js';
import { openScanStore } from '#emars/scan/store/store.js';
import { CASES } from '../cluster/rules.js';

export interface OnDisk {
  /** Name of the transcript's file. */
  readonly file: string;
  /** First column of the row in docs/guides/faults.md. */
  readonly row: string;
  /** Does it in an empty folder; `tell` takes down what happens. */
  readonly play: (folder: string, tell: Tell) => Promise<void>;
}

type Tell = (who: string, what: string) => void;

/** What a promise is rejected with, in its own words. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected a refusal');
}

async function twoSearches(folder: string, tell: Tell): Promise<void> {
  const first = await acquireRunLock(folder);
  tell('search 1', `holds the folder: ${readdirSync(folder).join(', ')}`);
  tell('search 2', `is refused: ${await refusal(acquireRunLock(folder))}`);
  await first.release();
  tell('search 1', 'ends, and lets go of the folder');
  const second = await acquireRunLock(folder);
  tell('search 2', `tries again, and holds the folder: ${readdirSync(folder).join(', ')}`);
  await second.release();
}

async function editedConfig(folder: string, tell: Tell): Promise<void> {
  const { rules } = CASES[0]!;
  const config = join(folder, 'config.yaml');
  const journal = join(folder, 'journal');
  const open = async (): ReturnType<typeof openSearch> => {
    const options = loadOptions({ text: readFileSync(config, 'utf8') });
    return openSearch(journal, rules, {
      run: 'sim',
      optionsHash: optionsHash(options),
      dataDigest: 'da'.repeat(32),
    });
  };
  writeFileSync(config, 'seed: 1\n');
  const begun = await open();
  await begun.journal.close();
  const before = readFileSync(journal);
  tell(
    'search',
    `begins; its journal has the digest ${begun.search.optionsHash!.slice(0, 12)} of config.yaml`,
  );
  writeFileSync(config, 'seed: 2\n');
  tell('user', 'writes seed: 2 into config.yaml');
  tell('resume', `is refused: ${await refusal(open())}`);
  tell('disk', `the journal is ${readFileSync(journal).equals(before) ? 'untouched' : 'changed'}`);
  writeFileSync(config, '# as it was\nseed: 1\n');
  tell('user', 'writes seed: 1 again, and a comment');
  const resumed = await open();
  await resumed.journal.close();
  tell('resume', `goes on in phase "${resumed.search.phase}"`);
}

async function damagedCache(folder: string, tell: Tell): Promise<void> {
  const root = join(folder, 'scans');
  const cacheDir = join(folder, 'cache');
  const open = (): ReturnType<typeof openScanStore> =>
    openScanStore({ root, size: 12, cacheDir, threads: 1 });
  const entries = (): string[] =>
    readdirSync(cacheDir)
      .filter((name) => name.endsWith('.volume'))
      .sort();
  await writePhantoms(root, { patients: 3, scansPerPatient: 1, shape: [4, 24, 24], seed: 3 });
  const before = await open();
  const [victim] = entries();
  const path = join(cacheDir, victim!);
  const whole = readFileSync(path);
  tell('search', `decodes ${before.scans.length} scans; the cache has ${entries().length} entries`);
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 5]! ^= 4;
  writeFileSync(path, flipped);
  tell('disk', `a bit of the entry of a scan turns`);
  const after = await open();
  tell('search', `reads ${after.scans.length} scans, decodes that one again from its source`);
  tell('disk', `the entry is ${readFileSync(path).equals(whole) ? 'as it was' : 'another one'}`);
  const isSame = before.scans.every(({ id }) =>
    Buffer.from(before.volume(id).data.buffer).equals(Buffer.from(after.volume(id).data.buffer)),
  );
  tell('search', isSame ? 'has the same voxels in every scan' : 'has other voxels');
}

/** A prepared run, and what a resume does first. `data`: null for phantoms of its own. */
async function prepared(
  root: string,
  data: string | null,
): Promise<{ readonly folder: RunFolder; readonly check: () => Promise<void> }> {
  const folder = runFolder(join(root, 'run'));
  const phantom = {
    patients: 8,
    scansPerPatient: 1,
    slices: 4,
    size: 16,
    classes: ['Normal', 'NCP'] as const,
  };
  const options = loadOptions({
    overrides: {
      input: { size: 16, slices: 4 },
      training: { batch: 2, microBatches: 1 },
      data: data === null ? { phantom: { ...phantom, classes: [...phantom.classes] } } : { path: data },
    },
  });
  const { signal } = new AbortController();
  await prepareRun(folder, options, () => undefined, signal);
  return { folder, check: () => checkData(folder, options, () => undefined, signal) };
}

async function changedData(folder: string, tell: Tell): Promise<void> {
  const data = join(folder, 'data');
  await writePhantoms(data, {
    patients: 8,
    scansPerPatient: 1,
    shape: [4, 16, 16],
    seed: 1,
    classes: ['Normal', 'NCP'],
  });
  const { check } = await prepared(folder, data);
  const [ours, other] = ['NCP', 'Normal'].map((name) => {
    const patient = readdirSync(join(data, name)).sort()[0]!;
    return { id: `${name}/${patient}/1`, path: join(data, name, patient, '1', '1.png') };
  });
  tell('search', 'begins; data.json has a digest of split.json and of each scan');
  const whole = readFileSync(ours!.path);
  writeFileSync(ours!.path, readFileSync(other!.path));
  tell('user', `exchanges a slice of ${ours!.id}`);
  tell('resume', `is refused: ${await refusal(check())}`);
  writeFileSync(ours!.path, whole);
  tell('user', 'copies the slice back');
  await check();
  tell('resume', 'goes on');
}

async function deletedPhantoms(root: string, tell: Tell): Promise<void> {
  const { folder, check } = await prepared(root, null);
  const before = contentsOf(folder.phantoms);
  tell('search', `begins, on ${before.length} files of phantoms`);
  rmSync(folder.phantoms, { recursive: true });
  tell('disk', 'the phantoms are gone');
  await check();
  const isSame = contentsOf(folder.phantoms).every(
    ([path, bytes], i) => path === before[i]![0] && bytes === before[i]![1],
  );
  tell(
    'resume',
    `makes ${contentsOf(folder.phantoms).length} files again: ${isSame ? 'the same bytes' : 'others'}`,
  );
}

/** Paths and bytes of all files below a folder. */
function contentsOf(folder: string): (readonly [string, string])[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => [path, readFileSync(path, 'base64')] as const);
}

export const ON_DISK: readonly OnDisk[] = [
  { file: 'damaged-cache', row: 'a damaged entry of the scan cache', play: damagedCache },
  { file: 'two-searches', row: 'two searches in one folder', play: twoSearches },
  { file: 'edited-config', row: 'an edited `config.yaml`', play: editedConfig },
  {
    file: 'changed-data',
    row: 'changed data: a scan exchanged, removed or cut, an edited `split.json`, another class',
    play: changedData,
  },
  { file: 'deleted-phantoms', row: "the run's phantoms deleted or damaged", play: deletedPhantoms },
];

/** The whole transcript; what differs from run to run has a name in brackets. */
export async function transcriptOnDisk({ row, play }: OnDisk): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'emars-transcript-'));
  const lines: string[] = [];
  const digests = new Map<string, string>();
  const digestName = (digest: string): string => {
    if (!digests.has(digest)) digests.set(digest, `<digest ${digests.size + 1}>`);
    return digests.get(digest)!;
  };
  const { EMARS_CACHE } = process.env;
  process.env['EMARS_CACHE'] = join(folder, 'user-cache');
  try {
    await play(folder, (who, what) => {
      const text = what
        .replaceAll(folder, '<folder>')
        .replace(new RegExp(`\\b${process.pid}\\b`, 'g'), '<pid>')
        .replace(/\b[0-9a-f]{12}\b/g, digestName);
      lines.push(`  ${who.padEnd(10)}${text}`);
    });
  } finally {
    if (EMARS_CACHE === undefined) delete process.env['EMARS_CACHE'];
    else process.env['EMARS_CACHE'] = EMARS_CACHE;
    rmSync(folder, { recursive: true, force: true });
  }
  return [`Fault: ${row}`, 'On real files. Columns: who, what', '', ...lines, ''].join('\n');
}
