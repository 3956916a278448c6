/**
 * Ctrl-C, on real processes: the step at work is finished and its weights are written, so that a resume repeats
 * nothing. Each search here is the same one; the first is the reference.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '#emars/runtime/storage/journal.js';
import type { SearchEvent } from '#emars/search/events.js';
import { decodeEvent } from '#emars/search/events.js';
import { until } from '../support/until.js';
import { emars, emarsExits, readRun } from './support/search-process.js';
import type { Moment } from './support/stopped.js';
import { whileStopped } from './support/stopped.js';

/** Few epochs of many short steps: what is told to stop while one trains does so in its midst. */
const SETTINGS = ['training.batch=2', 'training.individualsPerStep=2', 'evolution.epochs=2'];
const root = mkdtempSync(join(tmpdir(), 'emars-drain-'));
const folder = (name: string): string => join(root, name);
const front = (name: string): string => readFileSync(join(folder(name), 'front.json'), 'utf8');
const search = (name: string, ...more: string[]): string[] => [
  ...['search', '--config', 'configs/smoke.yaml', '--seed', '5', '--out', folder(name)],
  ...SETTINGS.flatMap((setting) => ['--set', setting]),
  ...more,
];
const resumption = (name: string, ...more: string[]): string[] => [
  ...['search', '--resume', folder(name)],
  ...more,
];

async function eventsOf(name: string): Promise<SearchEvent[]> {
  const { journal, records } = await openJournal(join(folder(name), 'journal'));
  await journal.close();
  return records.map((record) => decodeEvent(record));
}

/** An epoch trains, and has come further than `step` steps of the run. */
const trainsAfter = (step: number): Moment => ({
  what: `step ${step} is done`,
  holds: ({ phase, steps }) => phase === 'training' && steps.length > step,
});

/** Runs until an epoch is in training, tells it to stop, and gives the steps that it had come to. */
async function stopped(
  name: string,
  args: readonly string[],
  signal: NodeJS.Signals,
  after: number,
): Promise<number> {
  const started = emars(args);
  const evolution = { search: started, folder: folder(name), id: 'evolution' };
  await whileStopped(evolution, trainsAfter(after), async () => {
    started.child.kill(signal);
    await until(() => started.output().includes('stops after the step at work'));
  });
  const { code, stderr } = await started.ended;
  expect(code, stderr).toBe(130);
  expect(stderr).toContain('stops after the step at work');
  expect(stderr).toContain(`emars search --resume ${folder(name)}`);
  const run = readRun(folder(name))!;
  expect(run.status).toBe('interrupted');
  return run.step;
}

beforeAll(() => emarsExits(0, search('whole', '--trainers', '2')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a search that is told to stop', () => {
  it('goes on from that very step, with any number of trainers, to the same bytes', async () => {
    const first = await stopped('halted', search('halted', '--trainers', '2'), 'SIGINT', 2);
    const second = await stopped('halted', resumption('halted', '--trainers', '1'), 'SIGTERM', first);
    expect(second).toBeGreaterThan(first);
    await emarsExits(0, resumption('halted', '--trainers', '3'));
    expect(front('halted')).toBe(front('whole'));
    expect(readRun(folder('halted'))).toMatchObject({
      status: 'finished',
      repeatedSlots: 0,
      rolledBackEpochs: 0,
    });
    const events = await eventsOf('halted');
    const steps = events.flatMap((event) => (event.type === 'step-committed' ? [event.step] : []));
    expect(steps).toEqual(steps.map((_, index) => index));
    expect(events.filter(({ type }) => type === 'step-saved').length).toBeGreaterThanOrEqual(1);
  });

  it('a second time stops at once, whatever the step at work waits for', async () => {
    // Until the second wish comes; a resume looks for trainers as long.
    const patient = ['--set', 'runtime.silenceSeconds=15'];
    const started = emars(search('twice', '--trainers', '2', ...patient));
    const evolution = { search: started, folder: folder('twice'), id: 'evolution' };
    await whileStopped(evolution, trainsAfter(0), async ({ processes }) => {
      for (const { role, pid } of processes) if (role === 'trainer') process.kill(pid!, 'SIGSTOP');
      started.child.kill('SIGINT');
      await until(() => started.output().includes('stops after the step at work'));
    });
    started.child.kill('SIGINT');
    expect((await started.ended).code).toBe(130);
    await emarsExits(0, resumption('twice', '--trainers', '2'));
    expect(front('twice')).toBe(front('whole'));
  });
});
