/**
 * Three hosts of one machine that share nothing but cables of 20 ms: broker and search on one, trainers on two. One is
 * cut off, the other killed; the front is that of one host. Skipped aloud where there can be no such hosts.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { until } from '../support/until.js';
import type { NetworkHost } from './support/network-hosts.js';
import { Network, noHosts } from './support/network-hosts.js';
import type { RecordedProcess, RunJson, RunningSearch } from './support/search-process.js';
import { emarsExits, readRun, untilRun } from './support/search-process.js';

const DELAY_MS = 20;
const PORT = 4222;
const SMOKE = ['search', '--config', 'configs/smoke.yaml', '--set', 'evolution.epochs=6'];
const root = mkdtempSync(join(tmpdir(), 'emars-network-'));
const at = (name: string): string => join(root, name);
let network: Network | null = null;

afterAll(() => {
  network?.close();
  rmSync(root, { recursive: true, force: true });
});

const row = (run: RunJson, id: string): RecordedProcess | undefined =>
  run.processes.find((process) => process.id === id);
const slots = (run: RunJson, { name }: NetworkHost): number => row(run, name)?.slots ?? 0;
const ends = async (running: RunningSearch): Promise<void> =>
  expect((await running.ended).code, running.output()).toBe(0);

const why = noHosts();
const skipped = why === null ? '' : ` (skipped: ${why})`;

it.skipIf(why !== null)(`one is cut off, one killed: the front is that of one host${skipped}`, async () => {
  await emarsExits(0, [...SMOKE, '--trainers', '1', '--out', at('alone')]);
  network = await Network.of(root, ['one', 'two', 'three']);
  const one = network.host('one');
  const two = network.host('two');
  const three = network.host('three');

  await ends(one.emars('broker', 'init', at('broker'), '--host', one.name));
  for (const host of [two, three]) {
    await ends(one.emars('broker', 'creds', at('broker'), '--role', 'trainer', '--name', host.name));
    network.carry(at(`broker/${host.name}.creds`), one, host, at('login.creds'));
  }
  const broker = one.emars('broker', 'start', at('broker'), '--listen', one.address, '--json');
  await until(() => broker.output().includes('tls://'), 240_000);
  for (const host of [two, three]) {
    const by = await network.delay(host.name, one, { ms: DELAY_MS, port: PORT });
    process.stderr.write(`${DELAY_MS} ms each way between ${host.name} and one, by ${by}\n`);
  }

  const search = one.emars(
    ...[...SMOKE, '--creds', at('broker/search.creds'), '--out', at('search')],
    ...['--trainers', '0', '--min-trainers', '2'],
  );
  const [worker] = [two, three].map((host) =>
    host.emars('worker', '--creds', at('login.creds'), '--role', 'trainer', '--id', host.name, '--json'),
  );
  const folder = one.path(at('search'));
  const before = await untilRun(
    search,
    folder,
    'both hosts have computed slots',
    (run) => slots(run, two) > 0 && slots(run, three) > 0,
  );
  // Nothing of the run is there for another host.
  for (const host of [two, three]) expect(existsSync(host.path(at('search')))).toBe(false);

  // Without both the search stands still, however quick the machine: what is left is done by the one that comes back.
  two.cut();
  three.kill();
  await untilRun(search, folder, 'no trainer is left', ({ phase }) => phase === 'preparing');
  two.heal();
  await ends(search);
  await ends(worker!);
  const after = readRun(folder)!;
  expect(slots(after, two)).toBeGreaterThan(slots(before, two));
  expect(readFileSync(join(folder, 'front.json'), 'utf8')).toBe(readFileSync(at('alone/front.json'), 'utf8'));
});
