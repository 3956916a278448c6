/** Workers that join a running search by themselves: who they are, when they come and how they go changes no byte. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RecordedProcess, RunJson } from './support/search-process.js';
import { emars, emarsExits, readRun, untilRun } from './support/search-process.js';

/** More scans, more networks a step and TensorFlow: an epoch then takes longer than a process to start. */
const SMOKE = [
  '--config',
  'configs/smoke.yaml',
  '--set',
  'data.phantom.patients=96',
  '--set',
  'evolution.epochs=2',
  '--set',
  'training.individualsPerStep=6',
  '--set',
  'engine.native=off',
];
const root = mkdtempSync(join(tmpdir(), 'emars-worker-'));
const folder = (name: string): string => join(root, name);
const front = (name: string): string => readFileSync(join(folder(name), 'front.json'), 'utf8');
const row = (run: RunJson, id: string): RecordedProcess | undefined =>
  run.processes.find((process) => process.id === id);

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('emars worker', () => {
  it('joins in mid-epoch, computes slots of that epoch, leaves without cost; the front is the same', async () => {
    await emarsExits(0, ['search', ...SMOKE, '--trainers', '1', '--out', folder('alone')]);
    const search = emars(['search', ...SMOKE, '--trainers', '1', '--out', folder('joined')]);
    await untilRun(search, folder('joined'), 'training has begun', ({ step }) => step > 1);
    const worker = emars(['worker', '--run', folder('joined'), '--id', 'late', '--json']);
    const helper = emars(['worker', '--run', folder('joined'), '--id', 'helper', '--role', 'evaluator']);
    const met = await untilRun(
      search,
      folder('joined'),
      'the late trainer has computed slots',
      (run) => (row(run, 'late')?.slots ?? 0) > 0,
    );
    const split = JSON.parse(readFileSync(join(folder('joined'), 'split.json'), 'utf8')) as {
      train: unknown[];
    };
    const { joinedAtStep } = row(met, 'late')!;
    expect(joinedAtStep! % Math.floor(split.train.length / 8)).not.toBe(0);
    worker.child.kill('SIGTERM');
    const left = await worker.ended;
    expect(left.code, left.stderr).toBe(0);
    const kinds = left.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(expect.arrayContaining(['joining', 'started', 'welcomed', 'left']));
    expect((await search.ended).code).toBe(0);
    expect((await helper.ended).code).toBe(0);
    const run = readRun(folder('joined'))!;
    expect(run.repeatedSlots).toBe(0);
    expect(run.rolledBackEpochs).toBe(0);
    expect(row(run, 'helper')!.evaluations).toBeGreaterThan(0);
    expect(front('joined')).toBe(front('alone'));
  });

  it('says what is wrong: no run, a run that is not at work, a device that is none', async () => {
    const { stderr } = await emarsExits(4, ['worker', '--run', folder('alone')]);
    expect(stderr).toMatch(/not; go on with it: emars search --resume/);
    expect((await emarsExits(2, ['worker', '--run', folder('nothing')])).stderr).toMatch(/is not there/);
    expect(
      (await emarsExits(2, ['worker', '--run', folder('alone'), '--device', 'cpu,cuda:0'])).stderr,
    ).toMatch(/expected one device/);
    expect((await emarsExits(2, ['worker'])).stderr).toMatch(/expected --run DIR/);
  });
});
