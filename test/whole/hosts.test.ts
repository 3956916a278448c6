/**
 * Workers of other hosts: they know a broker, have a cache of their own, and see nothing of the run folder. Who they
 * are, when they come and how they die changes no byte.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NatsServer } from './support/nats-server.js';
import { startNatsServer } from './support/nats-server.js';
import type { OtherUser } from './support/other-user.js';
import { otherUser } from './support/other-user.js';
import type { RecordedProcess, RunJson, RunningSearch } from './support/search-process.js';
import { emars, emarsExits, kill9, readRun, untilRun } from './support/search-process.js';

/** Larger slices and more networks a step: the search takes several times longer than workers to start. */
const SETTINGS = [
  'data.phantom.patients=48',
  'input.size=64',
  'training.individualsPerStep=6',
  'evolution.epochs=2',
];
const SEARCH = ['search', '--config', 'configs/smoke.yaml', ...SETTINGS.flatMap((each) => ['--set', each])];
const root = mkdtempSync(join(tmpdir(), 'emars-hosts-'));
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

const events = (running: RunningSearch): { readonly kind: string; readonly pid?: number }[] =>
  running
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as { kind: string; pid?: number });

describe('workers that know only the broker', () => {
  it('take part in a search at work and may be killed; the front is that of one trainer alone', async () => {
    await emarsExits(0, [...SEARCH, '--trainers', '1', '--out', folder('alone')]);
    const nats = ['--nats', server.url, '--creds', server.login];
    const search = emars([...SEARCH, ...nats, '--trainers', '1', '--out', folder('many')]);
    await untilRun(search, folder('many'), 'training has begun', ({ step }) => step > 0);
    const late = worker('late', '--run', 'many');
    const helper = worker('helper', '--role', 'evaluator');
    const doomed = worker('a-doomed');
    const { stdout } = await emarsExits(0, ['runs', ...nats, '--json']);
    const [listed] = stdout.trim().split('\n');
    expect(JSON.parse(listed!)).toMatchObject({ name: 'many', phase: 'warm-up', trainers: 1, evaluators: 1 });
    const met = await untilRun(
      search,
      folder('many'),
      'both late trainers have computed slots',
      (run) => (row(run, 'late')?.slots ?? 0) > 0 && (row(run, 'a-doomed')?.slots ?? 0) > 0,
    );
    kill9(doomed.child.pid ?? null);
    kill9(events(doomed).find(({ kind }) => kind === 'started')!.pid!);
    expect(row(met, 'late')!.joinedAtStep!).toBeGreaterThan(0);
    expect((await search.ended).code, search.output()).toBe(0);
    for (const each of [late, helper]) expect((await each.ended).code, each.output()).toBe(0);
    await doomed.ended;
    expect(events(late).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['started', 'fetched', 'joining', 'welcomed', 'finished']),
    );
    const run = readRun(folder('many'))!;
    expect(run.rolledBackEpochs).toBe(0);
    expect(row(run, 'helper')!.evaluations).toBeGreaterThan(0);
    expect(front('many')).toBe(front('alone'));
  });

  it('say what is wrong: two sources of a run, no broker there', async () => {
    const nowhere = ['--nats', 'nats://127.0.0.1:1'];
    expect((await emarsExits(4, ['runs', ...nowhere])).stderr).toMatch(/no broker at/);
    expect((await emarsExits(2, ['worker', '--run', folder('alone'), '--cache', root])).stderr).toMatch(
      /expected --nats as well/,
    );
  });
});
