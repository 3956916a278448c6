/**
 * Workers whose search was stopped: they say so, wait, come back by themselves, and can be told to end. The search has
 * too few trainers to begin, so that it stands where it is for as long as the test likes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { until } from '../support/until.js';
import type { RunningSearch } from './support/search-process.js';
import { emars, readRun, untilRun } from './support/search-process.js';

const LONG_MS = 600_000;
const root = mkdtempSync(join(tmpdir(), 'emars-waiting-'));
const run = join(root, 'run');
const begun: RunningSearch[] = [];

afterAll(async () => {
  for (const { child } of begun) child.kill('SIGKILL');
  await Promise.all(begun.map(({ ended }) => ended));
  rmSync(root, { recursive: true, force: true });
});

function start(...args: string[]): RunningSearch {
  const running = emars(args);
  begun.push(running);
  return running;
}

const worker = (id: string, ...more: string[]): RunningSearch =>
  start('worker', '--run', run, '--id', id, '--json', ...more);
const says = (running: RunningSearch, kind: string): Promise<void> =>
  until(() => running.output().includes(`"kind":"${kind}"`), LONG_MS);

it('of a search that was stopped say so, wait, and come back with it; a wait has the end that is wished', async () => {
  const settings = ['--config', 'configs/smoke.yaml', '--set', 'evolution.epochs=1'];
  const search = start('search', ...settings, '--trainers', '0', '--min-trainers', '4', '--out', run);
  await untilRun(search, run, 'it is at work', ({ processes }) => processes.length > 1);
  const patient = worker('patient');
  const bounded = worker('bounded', '--wait', '2');
  const ended = worker('ended');
  for (const each of [patient, bounded, ended]) await says(each, 'welcomed');
  search.child.kill('SIGINT');
  expect((await search.ended).code, search.output()).toBe(130);

  for (const each of [patient, bounded, ended]) await says(each, 'silent');
  ended.child.kill('SIGTERM');
  const left = await ended.ended;
  expect(left.code, ended.output()).toBe(0);
  expect(left.stdout).toContain('"kind":"left"');
  const given = await bounded.ended;
  expect(given.code, bounded.output()).toBe(4);
  expect(given.stderr).toContain('within 2 s (--wait), heard nothing');
  expect(given.stdout).not.toContain('"died"');

  const resumed = start('search', '--resume', run, '--trainers', '0', '--min-trainers', '1');
  expect((await resumed.ended).code, resumed.output()).toBe(0);
  const worked = await patient.ended;
  expect(worked.code, patient.output()).toBe(0);
  expect(worked.stdout).toContain('"kind":"heard"');
  expect(worked.stdout).toContain('"kind":"finished"');
  expect(readRun(run)!.processes.find(({ id }) => id === 'patient')!.slots).toBeGreaterThan(0);
});
