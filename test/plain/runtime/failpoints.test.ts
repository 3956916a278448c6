/** Processes that end or fail at each place where something is stored, and what they leave behind. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { FailpointName } from '#emars/runtime/failpoint/operations.js';
import { FAILPOINTS } from '#emars/runtime/failpoint/operations.js';
import { parseFailpoints } from '#emars/runtime/failpoint/specification.js';
import { openJournal } from '#emars/runtime/storage/journal.js';
import { acquireRunLock } from '#emars/runtime/storage/run-lock.js';
import { readSnapshot } from '#emars/runtime/storage/snapshots.js';

const STORING = fileURLToPath(new URL('./fixtures/storing.mjs', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'emars-failpoints-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Those of what is stored; the others are passed by whole searches (test/whole/failpoints.test.ts). */
const STORED = (Object.keys(FAILPOINTS) as FailpointName[]).filter((name) =>
  /-(journal|file|snapshot|lock)-/.test(name),
);
/** A file's second passing is the file of round 1, its first the release of the lock before; a journal's is round 2. */
const PASSING = 2;

interface Left {
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly folder: string;
}

let runs = 0;

function store(failpoints: string): Promise<Left> {
  const folder = join(root, String(runs++));
  mkdirSync(folder);
  const env = { ...process.env, EMARS_FAILPOINT: failpoints };
  return new Promise((resolve) =>
    execFile(process.execPath, [STORING, folder], { env }, (error, stdout, stderr) =>
      resolve({ signal: error?.signal ?? null, stdout, stderr, folder }),
    ),
  );
}

/** What was acknowledged is there, and nothing is half there. */
async function expectSound({ folder, stdout }: Left): Promise<void> {
  const last = (what: string): number =>
    Math.max(
      0,
      ...[...stdout.matchAll(new RegExp(`^${what} (\\d)$`, 'gm'))].map((match) => Number(match[1])),
    );
  const { journal, records } = await openJournal(join(folder, 'journal'));
  await journal.close();
  const texts = records.map((record) => Buffer.from(record).toString());
  expect(texts).toEqual(texts.map((_, i) => `record ${i + 1}`));
  expect([last('journal'), last('journal') + 1]).toContain(records.length);
  const file = await readFile(join(folder, 'file'), 'utf8').catch(() => '');
  const rounds = [last('file'), last('file') + 1].map((n) => (n === 0 ? '' : `round ${n}`.repeat(1000)));
  expect(rounds).toContain(file);
  const names = (await readdir(join(folder, 'snapshots')).catch(() => [])).filter((name) => /^\w/.test(name));
  expect([last('snapshot'), last('snapshot') + 1]).toContain(names.length);
  for (const name of names) expect(await readSnapshot(join(folder, 'snapshots'), name)).toHaveLength(100_000);
  await (await acquireRunLock(join(folder, 'lock'))).release();
}

describe('a failpoint', () => {
  it.each(STORED)('%s: kill leaves what was acknowledged, and nothing half', async (name) => {
    const left = await store(`${name}:${PASSING}:kill`);
    // One that is not reached lets the child end by itself.
    expect(left.stderr).toBe(`failpoint ${name}:${PASSING}:kill in parent#1\n`);
    expect(left.signal).toBe('SIGKILL');
    await expectSound(left);
  });

  it.each(STORED)('%s: error is told to who stores, and nothing half is left', async (name) => {
    const left = await store(`${name}:${PASSING}:error`);
    expect(left.stderr).toBe(`failpoint ${name}:${PASSING}:error in parent#1\n`);
    expect(left.stdout).toMatch(/^failed (JournalError|SnapshotError|FailpointError): /m);
    await expectSound(left);
    const names = await readdir(left.folder, { recursive: true });
    expect(names.filter((each) => /(^|\/)\.(writing|file)/.test(each))).toEqual([]);
  });

  it('delay lets the operation end all the same', async () => {
    const left = await store('before-journal-sync:1:delay,after-file-rename:3:delay');
    expect(left.stderr.match(/^failpoint .*:delay in parent#1$/gm)).toHaveLength(2);
    expect(left.stdout).toMatch(/^snapshot 5$/m);
    await expectSound(left);
  });

  it('of another process or life does nothing', async () => {
    const left = await store('evolution/before-journal-write:1:kill,#2/before-journal-write:1:kill');
    expect(left).toMatchObject({ signal: null, stderr: '' });
  });
});

describe('EMARS_FAILPOINT', () => {
  it('names process, life, place, passing and action', () => {
    expect(parseFailpoints('after-apply:3:kill, trainer-1#2/before-publish:10:stop')).toEqual([
      { name: 'after-apply', passing: 3, action: 'kill', process: null, life: 1 },
      { name: 'before-publish', passing: 10, action: 'stop', process: 'trainer-1', life: 2 },
    ]);
  });

  it('may wait for a file, in any life, and let a chunk be bad', () => {
    expect(parseFailpoints('trainer/before-send-gradient:@now:nan')).toEqual([
      {
        name: 'before-send-gradient',
        passing: { file: 'now' },
        action: 'nan',
        process: 'trainer',
        life: null,
      },
    ]);
  });

  it.each([
    ['before-publish:1:nan', /expected before-send-gradient with nan, got before-publish/],
    ['after-apply:@..:kill', /expected \[PROCESS\]/],
    ['', /expected \[PROCESS\]/],
    ['after-apply', /expected \[PROCESS\]/],
    ['after-apply:0:kill', /expected \[PROCESS\]/],
    ['after-apply:1.5:kill', /expected \[PROCESS\]/],
    ['trainer 1/after-apply:1:kill', /expected \[PROCESS\]/],
    ['after-apply:1:kill,', /expected \[PROCESS\]/],
    ['after-aply:1:kill', /emars chaos --list names, got "after-aply"/],
    ['toString:1:kill', /emars chaos --list names/],
    ['after-apply:1:die', /expected kill, stop, error, delay, nan, cut after after-apply, got "die"/],
    [Array.from({ length: 101 }, () => 'after-apply:1:kill').join(), /at most 100/],
  ])('%j is refused, and it is said what was expected', (text, message) => {
    expect(() => parseFailpoints(text)).toThrow(message);
  });
});
