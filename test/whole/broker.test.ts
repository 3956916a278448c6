/**
 * A whole search over `emars broker`, with TLS and a key for each: two trainers and an objective with files of their
 * own. Each trainer is stopped in order and started again, then one loses its key; the front is that of one machine.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePort } from '#emars/runtime/bus/server-info.js';
import { until } from '../support/until.js';
import type { RunJson, RunningSearch } from './support/search-process.js';
import { emars, emarsExits, readRun, untilRun } from './support/search-process.js';

const SETTINGS = ['training.batch=2', 'evolution.epochs=2'];
const SEARCH = [
  ...['search', '--config', 'configs/smoke.yaml', '--trainers', '0'],
  ...SETTINGS.flatMap((setting) => ['--set', setting]),
];
const OBJECTIVE = ['objective', 'docs/examples/memory.mjs', '--from', '2', '--json'];
const root = mkdtempSync(join(tmpdir(), 'emars-keys-'));
const at = (name: string): string => join(root, name);
const front = (name: string): string => readFileSync(join(at(name), 'front.json'), 'utf8');
const slots = (run: RunJson, id: string): number => run.processes.find((row) => row.id === id)?.slots ?? 0;
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

async function ends(running: RunningSearch, code = 0): Promise<string> {
  const ended = await running.ended;
  expect(ended.code, running.output()).toBe(code);
  return ended.stdout + ended.stderr;
}

/** A search without trainers and an objective that has joined it: nothing is trained before a trainer comes. */
async function prepared(
  name: string,
  access: { readonly search: string[]; readonly objective: string[] },
): Promise<{ readonly search: RunningSearch; readonly objective: RunningSearch }> {
  const search = start(...SEARCH, '--out', at(name), ...access.search);
  await untilRun(search, at(name), 'it is at work', ({ processes }) => processes.length > 1);
  const objective = start(...OBJECTIVE, ...access.objective);
  await until(() => objective.output().includes('"joined"'), 600_000);
  return { search, objective };
}

it('comes to the front of one machine, through a restart of each worker and the loss of a key', async () => {
  const alone = await prepared('alone', {
    search: ['--min-trainers', '1'],
    objective: ['--run', at('alone')],
  });
  const single = start('worker', '--run', at('alone'), '--role', 'trainer');
  await ends(alone.search);
  for (const running of [single, alone.objective]) await ends(running);

  const port = String(await freePort());
  await emarsExits(0, ['broker', 'init', at('broker'), '--host', 'localhost', '--port', port]);
  for (const id of ['w1', 'w2'])
    await emarsExits(0, ['broker', 'creds', at('broker'), '--role', 'trainer', '--name', id]);
  await emarsExits(0, ['broker', 'creds', at('broker'), '--role', 'objective', '--name', 'memory']);
  const broker = start('broker', 'start', at('broker'), '--json');
  await until(() => broker.output().includes('tls://'), 600_000);
  const creds = (name: string): string[] => ['--creds', at(`broker/${name}.creds`)];

  const { search, objective } = await prepared('keys', {
    search: [...creds('search'), '--nats', `tls://localhost:${port}`, '--min-trainers', '2'],
    objective: [...creds('memory'), '--run', 'keys'],
  });
  // From here on epoch 2 cannot be selected: the search does not end before this test lets it, however quick it is.
  process.kill(objective.child.pid!, 'SIGSTOP');
  const worker = (id: string): RunningSearch =>
    start('worker', ...creds(id), '--role', 'trainer', '--id', id, '--cache', at(`cache-${id}`), '--json');
  let [w1, w2] = [worker('w1'), worker('w2')];
  const both = await untilRun(
    search,
    at('keys'),
    'both have computed slots',
    (run) => slots(run, 'w1') > 0 && slots(run, 'w2') > 0,
  );
  expect(both.processes.filter(({ role }) => role === 'trainer').map(({ id }) => id)).toEqual(['w1', 'w2']);

  // One after the other, as for a new version of the host: each is back before the next one goes.
  w1.child.kill('SIGTERM');
  expect(await ends(w1)).toContain('"left"');
  w1 = worker('w1');
  await until(() => w1.output().includes('"welcomed"'), 600_000);
  w2.child.kill('SIGTERM');
  expect(await ends(w2)).toContain('"left"');
  w2 = worker('w2');
  await until(() => w2.output().includes('"welcomed"'), 600_000);
  expect(search.child.exitCode, search.output()).toBeNull();

  copyFileSync(at('broker/w2.creds'), at('stolen.creds'));
  await emarsExits(0, ['broker', 'creds', at('broker'), '--name', 'w2', '--revoke']);
  process.kill(objective.child.pid!, 'SIGCONT');
  await ends(search);
  for (const running of [w1, objective]) await ends(running);
  const refused = await emarsExits(4, [
    'worker',
    '--creds',
    at('stolen.creds'),
    '--role',
    'trainer',
    '--id',
    'w2',
  ]);
  expect(refused.stderr).toMatch(/no broker at tls:\/\/localhost/);

  expect(readRun(at('keys'))).toMatchObject({ status: 'finished', rolledBackEpochs: 0 });
  expect(front('keys')).toContain('"memory"');
  expect(front('keys')).toBe(front('alone'));
  broker.child.kill('SIGTERM');
  await ends(broker);
});
