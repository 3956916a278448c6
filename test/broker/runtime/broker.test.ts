import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BrokerStartError,
  startBroker,
  type Broker,
  type BrokerRestart,
} from '#emars/runtime/broker/broker.js';
import { connect } from '#emars/runtime/bus/connection.js';
import { isSameProcess, processStartTime } from '#emars/runtime/process/process-table.js';
import { natsBinary } from '../nats-binary.js';
import { until } from '../../support/until.js';
import { startOwner } from './fixtures/start-owner.js';

let folder: string;
const brokers: Broker[] = [];

async function start(options: { fresh?: boolean; port?: number } = {}): Promise<Broker> {
  const broker = await startBroker({
    binary: await natsBinary(),
    storeDir: join(folder, 'broker'),
    logFile: join(folder, 'broker.log'),
    ...options,
  });
  brokers.push(broker);
  return broker;
}

function restarted(broker: Broker): Promise<BrokerRestart> {
  return new Promise((resolve) => {
    const restarts = broker.onRestart((restart) => {
      restarts.close();
      resolve(restart);
    });
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-broker-'));
});

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
  await rm(folder, { recursive: true, force: true });
});

describe('our own broker', () => {
  test('listens on the loopback address only, with keys that are in no command line, environment or configuration', async () => {
    const broker = await start();
    const port = Number(new URL(broker.url).port);
    const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
    const listening = ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((table) => readFileSync(table, 'utf8').split('\n'))
      .filter((line) => line.includes(`:${hexPort} `) && line.includes(' 0A '));
    expect(listening).toHaveLength(1);
    expect(listening[0]).toContain('0100007F:');
    const owned =
      readFileSync(`/proc/${broker.pid()}/cmdline`, 'utf8') +
      readFileSync(`/proc/${broker.supervisorPid()}/cmdline`, 'utf8');
    expect(owned).not.toContain(broker.login!.seed);
    expect(readFileSync(`/proc/${broker.pid()}/environ`, 'utf8')).not.toContain(broker.login!.seed);
    expect(readFileSync(join(folder, 'broker', 'nats-server.conf'), 'utf8')).not.toContain(
      broker.login!.seed,
    );
    expect(statSync(join(folder, 'broker', 'nats-server.conf')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'broker')).mode & 0o777).toBe(0o700);
    await expect(connect({ url: broker.url, name: 'stranger', deadlineMs: 30_000 })).rejects.toThrow(
      /Authorization/i,
    );
  });

  test('comes back on the same port with the same credentials after kill -9', async () => {
    const broker = await start();
    const first = broker.pid();
    const again = restarted(broker);
    process.kill(first, 'SIGKILL');
    const { pid, wiped } = await again;
    expect(pid).not.toBe(first);
    expect(broker.pid()).toBe(pid);
    expect(wiped).toBe(false);
    const bus = await connect({ url: broker.url, login: broker.login, name: 'test' });
    await bus.flush();
    await bus.close();
  });

  test('is ended when its owner was killed with -9, and so is the supervisor', async () => {
    const owner = await startOwner(await natsBinary(), folder);
    const times = [owner.serverPid, owner.supervisorPid].map((pid) => [pid, processStartTime(pid)] as const);
    expect(times.every(([, time]) => time !== null)).toBe(true);
    process.kill(owner.pid, 'SIGKILL');
    await until(() => times.every(([pid, time]) => !isSameProcess(pid, time)));
  });

  test('gets a new supervisor when the supervisor is killed, and the old server is ended', async () => {
    const broker = await start();
    const server = broker.pid();
    const serverStart = processStartTime(server);
    const supervisor = broker.supervisorPid();
    const again = restarted(broker);
    process.kill(supervisor, 'SIGKILL');
    await again;
    expect(broker.supervisorPid()).not.toBe(supervisor);
    expect(isSameProcess(server, serverStart)).toBe(false);
    expect(isSameProcess(broker.pid(), null)).toBe(true);
  });

  test('ends at its start what a kill of owner and supervisor together left behind', async () => {
    const owner = await startOwner(await natsBinary(), folder);
    const time = processStartTime(owner.serverPid);
    process.kill(owner.supervisorPid, 'SIGSTOP');
    process.kill(owner.pid, 'SIGKILL');
    process.kill(owner.supervisorPid, 'SIGKILL');
    await until(() => !isSameProcess(owner.supervisorPid, null));
    expect(isSameProcess(owner.serverPid, time)).toBe(true);
    await start();
    expect(isSameProcess(owner.serverPid, time)).toBe(false);
  });

  test('stops server and supervisor when asked, however often', async () => {
    const broker = await start();
    const times = [broker.pid(), broker.supervisorPid()].map((pid) => [pid, processStartTime(pid)] as const);
    await Promise.all([broker.stop(), broker.stop()]);
    expect(times.some(([pid, time]) => isSameProcess(pid, time))).toBe(false);
  });

  test('leaves nothing that keeps its owner alive once it is stopped and the bus is closed', async () => {
    const owner = await startOwner(await natsBinary(), folder);
    const ended = once(owner.child, 'exit');
    owner.child.send('stop');
    const [left] = (await once(owner.child, 'message')) as [string[]];
    expect(left.filter((resource) => resource === 'Timeout')).toEqual([]);
    expect(await ended).toEqual([0, null]);
  });

  test('empties a store that keeps the server from starting', async () => {
    const broker = await start();
    const store = join(folder, 'broker', 'jetstream');
    process.kill(broker.supervisorPid(), 'SIGSTOP');
    process.kill(broker.pid(), 'SIGKILL');
    // A file where the store's folder should be: the server refuses to start on it.
    await rm(store, { recursive: true, force: true });
    await writeFile(store, 'not a folder');
    const again = restarted(broker);
    process.kill(broker.supervisorPid(), 'SIGCONT');
    expect((await again).wiped).toBe(true);
    expect(statSync(store).isDirectory()).toBe(true);
  });

  test('says what is wrong when there is no such binary', async () => {
    const missing = startBroker({
      binary: join(folder, 'no-such-server'),
      storeDir: join(folder, 'broker'),
      logFile: join(folder, 'broker.log'),
    });
    await expect(missing).rejects.toThrow(BrokerStartError);
    await expect(missing).rejects.toThrow(/ENOENT/);
  });

  test('says what is wrong when the port asked for is taken', async () => {
    const broker = await start();
    const second = startBroker({
      binary: await natsBinary(),
      storeDir: join(folder, 'second'),
      logFile: join(folder, 'second.log'),
      port: Number(new URL(broker.url).port),
    });
    await expect(second).rejects.toThrow(/address already in use/);
  });
});
