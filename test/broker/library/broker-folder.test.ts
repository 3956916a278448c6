/** A broker for several hosts: what `emars broker init` makes, over TLS, against a real nats-server. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addClient, initBroker, readBrokerRecord, revokeClient } from '#emars/library/broker-folder.js';
import { runBroker } from '#emars/library/run-broker.js';
import { loginFor, readCredentials } from '#emars/run/credentials.js';
import type { NotPermitted } from '#emars/runtime/bus/connection.js';
import { connect, BrokerUnreachable, type Bus } from '#emars/runtime/bus/connection.js';
import { freePort } from '#emars/runtime/bus/server-info.js';
import { inboxOf, type BusClient } from '#emars/wire/bus-role.js';
import { fromClient } from '#emars/wire/sender.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { until } from '../../support/until.js';

const root = mkdtempSync(join(tmpdir(), 'emars-broker-'));
const folder = join(root, 'broker');
const stop = new AbortController();
let over: Promise<void>;
let log = '';
/** What the broker says of its keys. */
const said: string[] = [];

beforeAll(async () => {
  await initBroker({ folder, hosts: ['localhost', '127.0.0.1'], port: await freePort() });
  await addClient(folder, { role: 'trainer', name: 'w1', run: null });
  await new Promise<void>((ready, fail) => {
    over = runBroker(
      { folder, listen: '127.0.0.1', signal: stop.signal },
      () => {
        ready();
        return Promise.resolve();
      },
      (line) => void said.push(line),
    );
    over.catch(fail);
  });
  log = join(folder, 'broker.log');
});
afterAll(async () => {
  stop.abort();
  await over;
  rmSync(root, { recursive: true, force: true });
});

const refused: string[] = [];
async function enter(creds: string, client: BusClient): Promise<Bus> {
  const { urls, ca, login } = readCredentials(join(folder, `${creds}.creds`));
  return connect({
    ...{ url: urls[0]!, ca, login: loginFor({ login }, client), inboxPrefix: inboxOf(client) },
    name: client.id,
    onError: (error) => void refused.push((error as NotPermitted).subject),
  });
}

it('all its files are readable by their owner alone, and the server knows no secret key', () => {
  for (const name of readdirSync(folder))
    expect(statSync(join(folder, name)).mode & 0o077 & (name === 'broker.log' ? 0o022 : 0o077)).toBe(0);
  const seeds = ['search', 'w1'].flatMap((name) =>
    [...readFileSync(join(folder, `${name}.creds`), 'utf8').matchAll(/SU[A-Z2-7]{56}/g)].map(
      ([seed]) => seed,
    ),
  );
  expect(seeds.length).toBeGreaterThan(5);
  const known = ['broker.json', 'broker.log', join('server', 'nats-server.conf')];
  for (const name of known)
    for (const seed of seeds) expect(readFileSync(join(folder, name), 'utf8')).not.toContain(seed);
});

it('a worker comes in over TLS with its file, speaks in its own name in any run, and in no other', async () => {
  const w1 = { role: 'trainer', id: 'w1' } as const;
  const worker = await enter('w1', w1);
  const search = await enter('search', { role: 'evolution', id: 'evolution' });
  const { heartbeat, directive } = subjectsOf('0123456789ab');
  const heard: string[] = [];
  search.subscribe(heartbeat, (_, { subject }) => void heard.push(subject));
  await search.flush();
  const other = fromClient(heartbeat, { role: 'trainer', id: 'w2' });
  for (const subject of [directive, other, fromClient(heartbeat, w1)]) worker.publish(subject, Buffer.of(1));
  await worker.flush();
  await until(() => heard.length > 0 && refused.length === 2);
  expect(heard).toEqual([fromClient(heartbeat, w1)]);
  expect(refused).toEqual([directive, other]);
  await worker.close();
  await search.close();
});

it('a client that does not know its authority, or shows no key, stays outside', async () => {
  const { urls, ca, login } = readCredentials(join(folder, 'w1.creds'));
  const key = loginFor({ login }, { role: 'trainer', id: 'w1' });
  const url = urls[0]!;
  await expect(connect({ url, login: key, name: 'trusting', deadlineMs: 500 })).rejects.toThrow(
    /certificate/,
  );
  await expect(connect({ url, ca, name: 'keyless' })).rejects.toThrow(BrokerUnreachable);
  expect(readFileSync(log, 'utf8')).toContain('TLS');
});

it('credentials are for one name each, and a name is no path', async () => {
  await expect(addClient(folder, { role: 'evaluator', name: 'w1', run: null })).rejects.toThrow(
    /which has credentials already/,
  );
  await expect(addClient(folder, { role: 'evaluator', name: '../w2', run: null })).rejects.toThrow(
    /--name: expected 1 to 64/,
  );
  await expect(initBroker({ folder: join(root, 'x'), hosts: ['a b'], port: 4222 })).rejects.toThrow(/--host/);
});

/** As `enter`, again and again: the server has been told of the key, and needs a moment. */
async function enterInTime(creds: string, client: BusClient): Promise<Bus> {
  for (const end = performance.now() + 50_000; ;) {
    try {
      return await enter(creds, client);
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

it('a key that is made while it runs counts, in one run alone where it is bound to one', async () => {
  const bound = { role: 'trainer', id: 'bound' } as const;
  await addClient(folder, { role: 'trainer', name: 'bound', run: '0123456789ab' });
  const worker = await enterInTime('bound', bound);
  refused.length = 0;
  const [mine, other] = ['0123456789ab', 'ba9876543210'].map((run) =>
    fromClient(subjectsOf(run).heartbeat, bound),
  );
  for (const subject of [mine!, other!]) worker.publish(subject, Buffer.of(1));
  await worker.flush();
  await until(() => refused.length > 0);
  expect(refused).toEqual([other]);
  await worker.close();
  // The name of a run, which would let its holder into none.
  for (const run of ['a.b', 'mine', '0123456789AB'])
    await expect(addClient(folder, { role: 'trainer', name: 'w4', run })).rejects.toThrow(/--run: expected/);
});

it('credentials that are made and taken away at one moment all count', async () => {
  const busy = join(root, 'busy');
  await initBroker({ folder: busy, hosts: [], port: 4222 });
  await addClient(busy, { role: 'trainer', name: 'old', run: null });
  const names = Array.from({ length: 8 }, (_, i) => `w${i}`);
  await Promise.all([
    ...names.map((name) => addClient(busy, { role: 'trainer', name, run: null })),
    revokeClient(busy, 'old'),
  ]);
  const { clients } = await readBrokerRecord(busy);
  const made = clients.map(({ name }) => name).filter((name) => name !== 'search' && name !== 'watcher');
  expect(made.sort()).toEqual(names);
  expect(readdirSync(busy).filter((name) => name.startsWith('.'))).toEqual([]);
});

it('a key that is taken away while it runs is cut off at once, and no other notices', async () => {
  const [w1, gone] = [
    { role: 'trainer', id: 'w1' },
    { role: 'trainer', id: 'gone' },
  ] as const;
  await addClient(folder, { role: 'trainer', name: 'gone', run: null });
  const leaver = await enterInTime('gone', gone);
  const stayer = await enter('w1', w1);
  let interruptions = 0;
  stayer.onReconnect(() => interruptions++);
  const kept = join(folder, 'kept.creds');
  copyFileSync(join(folder, 'gone.creds'), kept);
  await revokeClient(folder, 'gone');
  await until(() => !leaver.connected);
  await expect(enter('kept', gone)).rejects.toThrow(BrokerUnreachable);
  await stayer.flush();
  expect([stayer.connected, interruptions]).toEqual([true, 0]);
  expect(existsSync(join(folder, 'gone.creds'))).toBe(false);
  await expect(revokeClient(folder, 'gone')).rejects.toThrow(
    /got "gone"; known are search, watcher, w1, bound/,
  );
  await stayer.close();
  await leaver.close();
});

it('a record of keys that cannot be read changes nothing, and is said', async () => {
  const record = join(folder, 'broker.json');
  const sound = readFileSync(record);
  said.length = 0;
  writeFileSync(record, '{');
  await until(() => said.length > 0);
  expect(said[0]).toMatch(/expected what emars broker init writes/);
  await (await enter('w1', { role: 'trainer', id: 'w1' })).close();
  writeFileSync(record, sound);
});

it('a broker without certificates does not listen where others reach it', async () => {
  const bare = join(root, 'bare');
  await initBroker({ folder: bare, hosts: [], port: 4222 });
  const running = runBroker(
    { folder: bare, listen: '0.0.0.0', signal: stop.signal },
    () => Promise.resolve(),
    () => undefined,
  );
  await expect(running).rejects.toThrow(/without certificates, got 0\.0\.0\.0/);
});

it.each([
  ['proves that one', '127.0.0.1', null],
  ['proves no other', '10.9.8.7', /IP: 127\.0\.0\.1 is not in the cert's list/],
])('a broker that is known by its address %s', async (_, host, refusal) => {
  const at = join(root, host);
  const port = await freePort();
  await initBroker({ folder: at, hosts: [host], port });
  const { urls, ca, login } = readCredentials(join(at, 'search.creds'));
  expect(urls).toEqual([`tls://${host}:${port}`]);
  const end = new AbortController();
  const entered = async (): Promise<void> => {
    const client = { role: 'parent', id: 'parent' } as const;
    const bus = await connect({
      ...{ url: `tls://127.0.0.1:${port}`, ca, login: loginFor({ login }, client), name: host },
      ...{ inboxPrefix: inboxOf(client), deadlineMs: 5000 },
    });
    await bus.close();
  };
  const running = runBroker(
    { folder: at, listen: '127.0.0.1', signal: end.signal },
    async () => {
      if (refusal === null) await entered();
      else await expect(entered()).rejects.toThrow(refusal);
      end.abort();
    },
    () => undefined,
  );
  await running;
});
