/**
 * Workers of other hosts: they know a broker, have a cache of their own, and see nothing of the run folder. Who they
 * are, when they come and how they die changes no byte.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';
import { startNatsCluster, streamsOf } from './support/nats-cluster.js';
import type { NatsServer } from './support/nats-server.js';
import { startNatsServer } from './support/nats-server.js';
import type { OtherUser } from './support/other-user.js';
import { otherUser } from './support/other-user.js';
import type { RecordedProcess, RunJson, RunningSearch } from './support/search-process.js';
import { emars, emarsExits, kill9, readRun, untilRun } from './support/search-process.js';

/** Larger slices and more networks a step: time to kill one of its trainers. */
const SETTINGS = [
  'data.phantom.patients=48',
  'input.size=64',
  'training.individualsPerStep=6',
  'evolution.epochs=2',
];
const SEARCH = ['search', '--config', 'configs/smoke.yaml', ...SETTINGS.flatMap((each) => ['--set', each])];
/** Another user must be able to pass through: the folder for temporary files of this test run may be closed. */
const root = mkdtempSync(join(process.getuid?.() === 0 ? '/tmp' : tmpdir(), 'emars-hosts-'));
const runs = join(root, 'runs');
const folder = (name: string): string => join(runs, name);
const front = (name: string): string => readFileSync(join(folder(name), 'front.json'), 'utf8');
const row = (run: RunJson, id: string): RecordedProcess | undefined =>
  run.processes.find((process) => process.id === id);

let server: NatsServer;
let user: OtherUser | null;
let login: string;
const started: RunningSearch[] = [];

beforeAll(async () => {
  // Others may pass through, but the runs are the search's own user's.
  chmodSync(root, 0o755);
  mkdirSync(runs, { mode: 0o700 });
  const home = join(root, 'home');
  mkdirSync(home);
  user = otherUser(home);
  server = await startNatsServer(runs);
  login = join(home, 'login');
  copyFileSync(server.login, login);
  chmodSync(login, 0o600);
  user?.own(login);
});

afterAll(() => {
  // Where a test has failed, they would wait for another run.
  for (const { child } of started) child.kill('SIGKILL');
  server.process.kill('SIGTERM');
  rmSync(root, { recursive: true, force: true });
});

function worker(id: string, ...args: readonly string[]): RunningSearch {
  const cache = join(root, 'home', `cache-${id}`);
  const all = ['worker', '--nats', server.url, '--creds', login, '--id', id, '--cache', cache, '--json'];
  const running = emars([...all, ...args], user?.env ?? {}, user?.prefix ?? []);
  started.push(running);
  return running;
}

let reference: Promise<string> | null = null;
/** The front of one trainer alone. */
function alone(): Promise<string> {
  const made = async (): Promise<string> => {
    await emarsExits(0, [...SEARCH, '--trainers', '1', '--out', folder('alone')]);
    return front('alone');
  };
  return (reference ??= made());
}

interface Told {
  readonly kind?: string;
  readonly event?: string;
  readonly pid?: number;
}

const events = (running: RunningSearch): Told[] =>
  running
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Told);

describe('workers that know only the broker', () => {
  it('train and evaluate, and may be killed; the front is that of one trainer alone', async () => {
    const nats = ['--nats', server.url, '--creds', server.login];
    const search = emars([
      ...[...SEARCH, ...nats, '--out', folder('many')],
      ...['--trainers', '1', '--min-trainers', '3'],
    ]);
    started.push(search);
    // The search waits for its trainers, so the evaluator is there from the first epoch on.
    const helper = worker('helper', '--role', 'evaluator');
    await until(() => events(helper).some(({ kind }) => kind === 'welcomed'), 240_000);
    const { stdout } = await emarsExits(0, ['runs', ...nats, '--json']);
    const [listed] = stdout.trim().split('\n');
    expect(JSON.parse(listed!)).toMatchObject({ name: 'many', phase: 'preparing', trainers: 1 });
    const late = worker('late', '--run', 'many');
    const doomed = worker('a-doomed');
    await untilRun(
      search,
      folder('many'),
      'both trainers of other hosts have computed slots',
      (run) => (row(run, 'late')?.slots ?? 0) > 0 && (row(run, 'a-doomed')?.slots ?? 0) > 0,
    );
    kill9(doomed.child.pid ?? null);
    kill9(events(doomed).find(({ kind }) => kind === 'started')!.pid!);
    expect((await search.ended).code, search.output()).toBe(0);
    for (const each of [late, helper]) expect((await each.ended).code, each.output()).toBe(0);
    await doomed.ended;
    expect(events(late).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['started', 'fetched', 'joining', 'welcomed', 'finished']),
    );
    const run = readRun(folder('many'))!;
    expect(run.rolledBackEpochs).toBe(0);
    expect(row(run, 'late')!.joinedAtStep).toBe(0);
    expect(row(run, 'helper')!.evaluations).toBeGreaterThan(0);
    expect(front('many')).toBe(await alone());
  });

  it('do all the training, with an objective of another host; the front is that of one host', async () => {
    const nats = ['--nats', server.url, '--creds', server.login];
    const search = (name: string): RunningSearch => {
      const settings = [
        '--config',
        'configs/smoke.yaml',
        '--set',
        'evolution.epochs=2',
        '--out',
        folder(name),
      ];
      return emars(['search', ...settings, ...nats, '--trainers', '0', '--min-trainers', '2']);
    };
    // An objective joins while the search waits for its trainers, and so takes part from the first epoch on.
    const measured = async (
      running: RunningSearch,
      name: string,
      where: readonly string[],
    ): Promise<RunningSearch> => {
      await untilRun(running, folder(name), 'the search waits', ({ phase }) => phase === 'preparing');
      const objective = emars(['objective', 'docs/examples/memory.mjs', ...where, '--json']);
      started.push(objective);
      await until(() => events(objective).some(({ event }) => event === 'joined'), 240_000);
      return objective;
    };
    const near = search('near');
    const nearby = await measured(near, 'near', ['--run', folder('near')]);
    const here = ['one', 'two'].map((id) => emars(['worker', '--run', folder('near'), '--id', id]));
    // Workers first: without them the search would wait for ever.
    started.push(near, ...here);
    for (const each of [...here, near, nearby]) expect((await each.ended).code, each.output()).toBe(0);

    const far = search('far');
    const objective = await measured(far, 'far', [...nats, '--run', 'far']);
    const workers = ['one', 'two'].map((id) => worker(id, '--run', 'far'));
    started.push(far);
    for (const each of [...workers, far, objective]) expect((await each.ended).code, each.output()).toBe(0);
    expect(far.output()).toContain('waits for 2 trainers');
    const { objectives } = JSON.parse(front('far')) as { objectives: { name: string; since?: number }[] };
    // It was there before any trainer, so it takes part from the first epoch on.
    expect(objectives.at(-1)).toMatchObject({ name: 'memory' });
    expect(objectives.at(-1)).not.toHaveProperty('since');
    expect(front('far')).toBe(front('near'));
  });

  it('go on when one of three brokers is killed: the queue lies on all of them', async () => {
    const quick = ['search', '--config', 'configs/smoke.yaml', '--trainers', '1', '--out'];
    await emarsExits(0, [...quick, folder('quick')]);
    const cluster = await startNatsCluster(folder('brokers'));
    try {
      const search = emars([...quick, folder('three'), '--nats', cluster.url, '--creds', cluster.login]);
      await untilRun(search, folder('three'), 'the second epoch has begun', ({ epoch }) => epoch > 1);
      // Dead letters have a stream, too, on one server.
      const queue = (await streamsOf(cluster)).find(({ name }) => name.endsWith('_evaluate'));
      expect(queue!.config.num_replicas).toBe(3);
      const { leader } = queue!.cluster;
      cluster.servers.find(({ name }) => name === leader)!.process.kill('SIGKILL');
      expect((await search.ended).code, search.output()).toBe(0);
      expect(front('three')).toBe(front('quick'));
    } finally {
      for (const { process: broker } of cluster.servers) broker.kill('SIGKILL');
    }
  });

  it('say what is wrong: two sources of a run, no broker there', async () => {
    const nowhere = ['--nats', 'nats://127.0.0.1:1'];
    expect((await emarsExits(4, ['runs', ...nowhere])).stderr).toMatch(/no broker at/);
    expect((await emarsExits(2, ['worker', '--run', folder('any'), '--cache', root])).stderr).toMatch(
      /expected --nats as well/,
    );
  });
});
