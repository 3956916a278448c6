/**
 * Searches whose processes end, stop, fail or linger at failpoints, each at the same passing on every machine. A
 * failpoint that is not reached fails the test; the result has the bytes of the search without any.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FAILPOINTS } from '#emars/runtime/failpoint/operations.js';
import type { Ended } from './support/search-process.js';
import { emars, emarsExits, readRun } from './support/search-process.js';

const root = mkdtempSync(join(tmpdir(), 'emars-failpoints-'));
const folder = (name: string): string => join(root, name);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const newSearch = (name: string): string[] => [
  ...['search', '--config', 'configs/smoke.yaml', '--trainers', '2', '--out', folder(name)],
  // Long enough for each life to come to its place, also where processes start slowly and compute quickly.
  ...['--set', 'runtime.restarts=20', '--set', 'evolution.epochs=8'],
];
const result = (name: string): string[] =>
  ['front.json', 'history.jsonl'].map((file) => readFileSync(join(folder(name), file), 'utf8'));

beforeAll(() => emarsExits(0, newSearch('reference')));

async function under(failpoints: readonly string[], args: readonly string[]): Promise<Ended> {
  return emars(args, { EMARS_FAILPOINT: failpoints.join() }).ended;
}

/** Which of `set` did not act, by the words of each process in its log, or of the parent on standard error. */
function notReached(set: readonly string[], name: string, ...parents: readonly Ended[]): string[] {
  const logs = readdirSync(folder(name)).filter((file) => file.endsWith('.log'));
  const texts = logs.map((file) => readFileSync(join(folder(name), file), 'utf8'));
  texts.push(...parents.map(({ stderr }) => stderr));
  const acted = texts
    .flatMap((text) => [...text.matchAll(/^failpoint (.*) in (.*)$/gm)])
    .map(([, what, who]) => `${who}/${what}`);
  return set.filter((each) => !acted.some((one) => one === each || one.endsWith(each)));
}

/** Those that no test of what is stored passes: each kills a process of a real search. */
const KILLED: readonly string[] = [
  'evolution#1/after-publish:40:kill',
  'evolution#2/before-enqueue:2:kill',
  'evolution#3/after-enqueue:3:kill',
  'evolution#4/after-journal-sync:4:kill',
  'trainer-0#1/before-publish:8:kill',
  'trainer-1#1/before-apply:2:kill',
  'trainer-0#2/after-apply:3:kill',
  'trainer-1#2/after-send-gradient:2:kill',
];
/**
 * Of any worker, as nobody knows which of them take evaluations: each ends at its first one, so that most of them
 * are left to second lives.
 */
const ACKNOWLEDGED: readonly string[] = ['#1/before-acknowledge:1:kill', '#2/after-acknowledge:1:kill'];

/** Bad gradients, in searches apart: a slot that is bad twice is settled as diverged. */
const [NAN, CUT] = ['trainer-1#1/before-send-gradient:2:nan', 'trainer-0#1/before-send-gradient:1:cut'];

const logOf = (name: string): string => readFileSync(join(folder(name), 'evolution.log'), 'utf8');

describe('kill at a failpoint', () => {
  it('of evolution, trainers and evaluator, in life after life, changes no byte', async () => {
    const ended = await under(KILLED, newSearch('killed'));
    expect(ended.stderr).toContain(`failpoints are set (EMARS_FAILPOINT): ${KILLED.join()}\n`);
    expect(notReached(KILLED, 'killed')).toEqual([]);
    expect(ended.code).toBe(0);
    expect(result('killed')).toEqual(result('reference'));
  });

  it('is tried for every failpoint, here or where it is stored', () => {
    const all = [...KILLED, ...ACKNOWLEDGED, NAN];
    const here = new Set(all.map((each) => /([a-z-]+):/.exec(each)![1]));
    const left = Object.keys(FAILPOINTS).filter((name) => !here.has(name));
    expect(left.filter((name) => !/-(journal|file|snapshot|lock)-/.test(name))).toEqual([]);
  });

  it('of the parent, then an error of the journal: each ends the run; resumed, and killed once more, it gives the same bytes', async () => {
    const resume = ['search', '--resume', folder('resumed')];
    const [parent, journal] = [
      'parent#1/after-file-rename:12:kill',
      'evolution#1/after-journal-sync:3:error',
    ];
    const first = await under([parent], newSearch('resumed'));
    expect(first.code).toBeNull();
    const second = await under([journal], resume);
    expect(second.code).toBe(4);
    expect(second.stderr).toMatch(/cannot write at byte \d+ \(EIO\)/);
    const third = await under([CUT, ...ACKNOWLEDGED], resume);
    expect(third.code).toBe(0);
    expect(notReached([parent, journal, CUT, ...ACKNOWLEDGED], 'resumed', first)).toEqual([]);
    expect(logOf('resumed')).toMatch(
      / of trainer-0 is bad, says trainer-1: it has \d+ values, expected \d+$/m,
    );
    expect(result('resumed')).toEqual(result('reference'));
  });
});

describe('stop, error and delay at a failpoint', () => {
  it('of trainers and evolution change no byte', async () => {
    const set = [
      'evolution#1/before-publish:20:delay',
      NAN,
      'trainer-0#1/before-snapshot-sync:1:error',
      'trainer-1#1/before-apply:6:stop',
    ];
    const { code } = await under(set, newSearch('stopped'));
    expect(notReached(set, 'stopped')).toEqual([]);
    expect(code).toBe(0);
    expect(logOf('stopped')).toMatch(/ of trainer-1 is bad, says trainer-0: value 0 of the vector is NaN$/m);
    expect(result('stopped')).toEqual(result('reference'));
    // It slept to the end: lost, and nobody was started in its place.
    const { processes } = readRun(folder('stopped'))!;
    expect(processes.find(({ id }) => id === 'trainer-1')).toMatchObject({ starts: 1 });
  });
});
