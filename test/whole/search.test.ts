/**
 * The promise of the product, on real processes: who computes, who dies and when changes no byte of
 * the result. Every search here is the smoke search with one seed; the first one is the reference.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinary } from '../broker/nats-binary.js';
import { until } from '../support/until.js';
import type { RunJson, RunningSearch } from './support/search-process.js';
import { emars, emarsExits, isAlive, kill9, readRun, untilRun } from './support/search-process.js';
import type { Place, Victim } from './support/stopped.js';
import { inMidEpoch as inMidEpochOf, whileStopped } from './support/stopped.js';

/** The smoke search on four times its scans: an epoch is then long enough to be hit in its middle. */
const SMOKE = ['--config', 'configs/smoke.yaml', '--set', 'data.phantom.patients=96'];
const EPOCHS = 5;
let stepsPerEpoch = 0;
const root = mkdtempSync(join(tmpdir(), 'emars-search-'));
const folder = (name: string): string => join(root, name);
const front = (name: string): string => readFileSync(join(folder(name), 'front.json'), 'utf8');
const search = (name: string, ...more: string[]): string[] => [
  'search',
  ...SMOKE,
  '--seed',
  '11',
  '--out',
  folder(name),
  ...more,
];
const only = (run: RunJson, id: string): RunJson['processes'][number] =>
  run.processes.find((row) => row.id === id)!;

beforeAll(async () => {
  await emarsExits(0, search('two', '--trainers', '2'));
  const { train } = JSON.parse(readFileSync(join(folder('two'), 'split.json'), 'utf8')) as {
    train: unknown[];
  };
  stepsPerEpoch = Math.floor(train.length / 8);
});

/** A process of a run, to be stopped at a moment. */
const victim = (started: RunningSearch, name: string, id: string): Victim => ({
  search: started,
  folder: folder(name),
  id,
});

/** True while an epoch from `first` on trains: seen as soon as it begins, on the quickest machine too. */
const inTraining =
  (first: number) =>
  ({ epoch, phase }: RunJson): boolean =>
    phase === 'search' && epoch >= first;
/** The same in the middle of the epoch: a quick machine may pass it between two looks, so look from an early one on. */
const inMidEpoch =
  (first: number) =>
  ({ step, phase }: RunJson): boolean =>
    phase !== 'evaluating' &&
    Math.floor(step / stepsPerEpoch) + 1 >= first &&
    step % stepsPerEpoch >= 3 &&
    step % stepsPerEpoch <= stepsPerEpoch - 5;

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a search', () => {
  it('shares the slots among its trainers and leaves a complete run folder', () => {
    const run = readRun(folder('two'))!;
    expect(run.status).toBe('finished');
    expect(new Set(run.processes.map(({ role }) => role))).toEqual(
      new Set(['broker', 'evolution', 'trainer', 'evaluator']),
    );
    const slots = run.processes.filter(({ role }) => role === 'trainer').map((row) => row.slots);
    const all = slots.reduce((sum, count) => sum + count, 0);
    expect(all).toBe(EPOCHS * stepsPerEpoch * 2);
    for (const count of slots) expect(count / all).toBeGreaterThanOrEqual(0.2);
    const report = readFileSync(join(folder('two'), 'report.html'), 'utf8');
    expect(report).toContain('<svg');
    const document = JSON.parse(front('two')) as {
      front: { id: string }[];
      weights: { step: number; sha256: string };
      epoch: number;
    };
    expect(document.epoch).toBe(EPOCHS);
    expect(document.weights.step).toBe(EPOCHS * stepsPerEpoch);
    expect(document.front.length).toBeGreaterThan(0);
  });

  it.each(['1', '3'])('gives the same bytes with %s trainers', async (trainers) => {
    await emarsExits(0, search(`with-${trainers}`, '--trainers', trainers));
    expect(front(`with-${trainers}`)).toBe(front('two'));
  });

  it('gives another front for another seed', async () => {
    await emarsExits(0, ['search', ...SMOKE, '--seed', '12', '--trainers', '2', '--out', folder('other')]);
    expect(front('other')).not.toBe(front('two'));
  });
});

describe('kill -9 of everything', () => {
  it.each([
    [0.35, '2'],
    [0.6, '1'],
    [0.85, '3'],
  ])(
    'at %d of the run, resumed with %s trainers, gives the same bytes and repeats no finished epoch',
    async (share, trainers) => {
      const name = `all-${share}`;
      const started = emars(search(name, '--trainers', '2'));
      const moment = {
        what: `${100 * share} % are done`,
        holds: ({ phase, steps }: Place) =>
          phase !== 'over' && steps.length >= share * EPOCHS * stepsPerEpoch,
      };
      let epoch = 0;
      await whileStopped(victim(started, name, 'evolution'), moment, (run, place) => {
        ({ epoch } = place);
        for (const { pid } of run.processes) if (pid !== null && isAlive(pid)) kill9(pid);
        kill9(started.child.pid!);
      });
      await started.ended;
      await emarsExits(0, ['search', '--resume', folder(name), '--trainers', trainers]);
      expect(front(name)).toBe(front('two'));
      const after = readRun(folder(name))!;
      expect(after.resumedFromEpoch).toBeGreaterThanOrEqual(epoch);
    },
  );
});

describe('kill -9 of one process in mid-epoch, without help', () => {
  it('of a trainer, then of the broker, changes no byte; the trainer is started again', async () => {
    const started = emars(search('trainer', '--trainers', '2'));
    const run = await untilRun(
      started,
      folder('trainer'),
      'an epoch from the second on trains',
      inMidEpoch(2),
    );
    kill9(only(run, 'trainer-1').pid);
    const later = await untilRun(
      started,
      folder('trainer'),
      'an epoch from the fourth on trains',
      inTraining(4),
    );
    // The search went on in the epoch of the kill, and at most the trainer's slots of one step were computed again.
    expect(later.rolledBackEpochs).toBe(0);
    expect(later.repeatedSlots).toBeLessThanOrEqual(2);
    kill9(only(later, 'broker').pid);
    expect((await started.ended).code).toBe(0);
    expect(front('trainer')).toBe(front('two'));
    const end = readRun(folder('trainer'))!;
    expect(only(end, 'trainer-1').starts).toBe(2);
  });

  it('of the evaluator, then of the evolution actor, changes no byte', async () => {
    const started = emars(search('evaluator', '--trainers', '2'));
    const run = await untilRun(
      started,
      folder('evaluator'),
      'an epoch is evaluated',
      ({ phase, epoch }) => phase === 'evaluating' && epoch >= 2,
    );
    kill9(only(run, 'evaluator-0').pid);
    const later = await untilRun(
      started,
      folder('evaluator'),
      'an epoch from the fourth on trains',
      inTraining(4),
    );
    expect(later.status).toBe('running');
    kill9(only(later, 'evolution').pid);
    expect((await started.ended).code).toBe(0);
    expect(front('evaluator')).toBe(front('two'));
    expect(only(readRun(folder('evaluator'))!, 'evolution').starts).toBe(2);
  });

  it('SIGSTOP of the only trainer: taken for lost, called back when it wakes, and no byte changes', async () => {
    const started = emars(search('asleep', '--trainers', '1'));
    await whileStopped(victim(started, 'asleep', 'trainer-0'), inMidEpochOf(2, stepsPerEpoch), () =>
      untilRun(
        started,
        folder('asleep'),
        'the epoch is rolled back',
        ({ rolledBackEpochs }) => rolledBackEpochs === 1,
      ),
    );
    expect((await started.ended).code).toBe(0);
    expect(front('asleep')).toBe(front('two'));
    // The same process: it was called back, not started again.
    expect(only(readRun(folder('asleep'))!, 'trainer-0').starts).toBe(1);
  });

  it('SIGTERM of a trainer is no wish to end: it is started again, and no byte changes', async () => {
    const started = emars(search('terminated', '--trainers', '2'));
    const run = await untilRun(
      started,
      folder('terminated'),
      'an epoch from the second on trains',
      inTraining(2),
    );
    process.kill(only(run, 'trainer-0').pid!, 'SIGTERM');
    expect((await started.ended).code).toBe(0);
    expect(front('terminated')).toBe(front('two'));
    expect(only(readRun(folder('terminated'))!, 'trainer-0').starts).toBe(2);
  });

  it('of the only trainer begins the epoch again from its snapshot and changes no byte', async () => {
    const started = emars(search('lonely', '--trainers', '1'));
    await whileStopped(victim(started, 'lonely', 'trainer-0'), inMidEpochOf(2, stepsPerEpoch), (run) => {
      kill9(only(run, 'trainer-0').pid);
    });
    expect((await started.ended).code).toBe(0);
    expect(front('lonely')).toBe(front('two'));
    expect(readRun(folder('lonely'))!.rolledBackEpochs).toBeGreaterThanOrEqual(1);
  });
});

describe('the end of the parent', () => {
  it('by kill -9 takes every process of the run with it', async () => {
    const started = emars(search('orphans', '--trainers', '2'));
    const run = await untilRun(started, folder('orphans'), 'training has begun', ({ step }) => step >= 1);
    const pids = run.processes.map(({ pid }) => pid).filter((pid) => pid !== null);
    expect(pids.filter(isAlive)).toHaveLength(5);
    kill9(started.child.pid!);
    await until(() => !pids.some(isAlive));
  });

  it('by Ctrl-C exits with 130 and says how to go on, which works', async () => {
    const started = emars(search('stopped', '--trainers', '2'));
    await untilRun(started, folder('stopped'), 'an epoch from the second on trains', inTraining(2));
    started.child.kill('SIGINT');
    const { code, stderr } = await started.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`emars search --resume ${folder('stopped')}`);
    expect(readRun(folder('stopped'))!.status).toBe('interrupted');
    await emarsExits(0, ['search', '--resume', folder('stopped')]);
    expect(front('stopped')).toBe(front('two'));
    const { stdout } = await emarsExits(0, ['search', '--resume', folder('stopped')]);
    expect(stdout).toContain('is finished');
  });
});

describe('a broker that is not ours', () => {
  it('carries the gradients of two trainers, by its own count, and gives the same bytes', async () => {
    const [port, monitor] = [await freePort(), await freePort()];
    const store = folder('nats-store');
    const server = spawn(
      await natsBinary(),
      [
        '-a',
        '127.0.0.1',
        '-p',
        String(port),
        '-m',
        String(monitor),
        '-js',
        '-sd',
        store,
        '--user',
        'emars',
        '--pass',
        'secret',
      ],
      { stdio: 'ignore' },
    );
    const login = join(root, 'login');
    writeFileSync(login, 'emars:secret\n', { mode: 0o600 });
    try {
      await emarsExits(
        0,
        search('foreign', '--trainers', '2', '--nats', `nats://127.0.0.1:${port}`, '--creds', login),
      );
      expect(front('foreign')).toBe(front('two'));
      const { in_bytes: bytes } = (await (await fetch(`http://127.0.0.1:${monitor}/varz`)).json()) as {
        in_bytes: number;
      };
      // Every slot, of at least the smallest path (all skip, some 10 kB), went through it.
      expect(bytes).toBeGreaterThan(EPOCHS * stepsPerEpoch * 2 * 10_000);
      expect(readFileSync(join(folder('foreign'), 'run.json'), 'utf8')).not.toContain('secret');
    } finally {
      server.kill('SIGTERM');
    }
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
