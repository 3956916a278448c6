/** The command that conducts a search dies, or is stopped: who stands by goes on with it, and no byte changes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runFolder } from '#emars/run/folder.js';
import { isStopped } from '#emars/runtime/process/process-table.js';
import { until } from '../support/until.js';
import type { RunningSearch } from './support/search-process.js';
import { emars, emarsExits, isAlive, kill9, readRun } from './support/search-process.js';

const root = mkdtempSync(join(tmpdir(), 'emars-standby-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const folder = (name: string): string => join(root, name);
const front = (name: string): string => readFileSync(runFolder(folder(name)).front, 'utf8');
const standbyLog = (name: string): string => readFileSync(runFolder(folder(name)).log('standby'), 'utf8');
const args = (name: string): string[] => [
  ...['search', '--config', 'configs/smoke.yaml', '--seed', '5', '--trainers', '2'],
  ...['--set', 'warmup.epochs=1', '--set', 'evolution.epochs=2', '--out', folder(name)],
];
beforeAll(() => emarsExits(0, args('undisturbed')));

/** More than a search takes anywhere. */
const SEARCH_MS = 400_000;

/** Begins a search with a standby, and waits until its evolution has stopped in the midst of its journal. */
async function stoppedInMidst(name: string): Promise<{ search: RunningSearch; evolution: number }> {
  const search = emars([...args(name), '--standby'], {
    EMARS_FAILPOINT: 'evolution#1/after-journal-sync:12:stop',
  });
  let evolution = 0;
  await until(() => {
    evolution = readRun(folder(name))?.processes.find(({ role }) => role === 'evolution')?.pid ?? 0;
    if (search.child.exitCode !== null) throw new Error(`the search has ended\n${search.output()}`);
    return evolution > 0 && isStopped(evolution);
  }, SEARCH_MS);
  return { search, evolution };
}

/** Waits until whoever goes on with the search has finished it, and let go of its folder. */
const untilFinished = (name: string): Promise<void> =>
  until(
    () => readRun(folder(name))?.status === 'finished' && standbyLog(name).includes('report: '),
    SEARCH_MS,
  );

it('of two that stand by one goes on after kill -9, and ends the evolution that was left, stopped, behind', async () => {
  const { search, evolution } = await stoppedInMidst('killed');
  const second = emars(['standby', folder('killed'), '--trainers', '1', '--json']);
  await until(() => second.output().includes('watching'));
  kill9(search.child.pid!);
  await untilFinishedByEither('killed', second);
  expect(isAlive(evolution)).toBe(false);
  expect(front('killed')).toBe(front('undisturbed'));
  const said = standbyLog('killed');
  expect([said.includes('goes on with it'), second.output().includes('"lost"')]).toContain(true);
  expect(readRun(folder('killed'))!.processes.filter(({ role }) => role === 'evolution')).toHaveLength(1);
});

/** Both end by themselves: who went on at the end of the search, and the other when that one has ended in order. */
async function untilFinishedByEither(name: string, second: RunningSearch): Promise<void> {
  expect((await second.ended).code).toBe(0);
  await until(() => readRun(folder(name))?.status === 'finished', SEARCH_MS);
}

it('a command that is stopped is killed and replaced: nothing is left that could wake, and no byte changes', async () => {
  const { search, evolution } = await stoppedInMidst('stopped');
  search.child.kill('SIGSTOP');
  await untilFinished('stopped');
  expect((await search.ended).code).toBeNull();
  expect(search.child.signalCode).toBe('SIGKILL');
  expect(isAlive(evolution)).toBe(false);
  expect(standbyLog('stopped')).toContain('was stopped for five seconds');
  expect(front('stopped')).toBe(front('undisturbed'));
});

it('a search that ends in order ends its standby: it finds nothing to do', async () => {
  const search = emars([...args('interrupted'), '--standby']);
  await until(() => search.output().includes('stands by'));
  search.child.kill('SIGINT');
  expect((await search.ended).code).toBe(130);
  await until(() => standbyLog('interrupted').includes('the search has ended in order'));
  expect(readRun(folder('interrupted'))?.status).not.toBe('finished');
});
