import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type Broker } from '#emars/runtime/broker/broker.js';
import {
  BrokerUnreachable,
  connect,
  FlushTimeout,
  type Bus,
  type BusOptions,
} from '#emars/runtime/bus/connection.js';
import { busConformance } from '../../support/bus-conformance.js';
import { until } from '../../support/until.js';
import { natsBinary } from '../nats-binary.js';

let folder: string;
let broker: Broker;
const buses: Bus[] = [];

async function bus(options: Partial<BusOptions> = {}): Promise<Bus> {
  const made = await connect({ url: broker.url, login: broker.login, name: 'test', ...options });
  buses.push(made);
  return made;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-bus-'));
  broker = await startBroker({
    binary: await natsBinary(),
    storeDir: join(folder, 'broker'),
    logFile: join(folder, 'broker.log'),
  });
});
afterEach(async () => {
  await Promise.all(buses.splice(0).map((entry) => entry.close()));
});
afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

busConformance('the bus', {
  connect: (options) => connect({ url: broker.url, login: broker.login, name: 'test', ...options }),
  cut: async (cutOff) => {
    process.kill(broker.supervisorPid(), 'SIGSTOP');
    process.kill(broker.pid(), 'SIGKILL');
    await until(() => cutOff.every(({ connected }) => !connected));
  },
  restore: () => void process.kill(broker.supervisorPid(), 'SIGCONT'),
});

describe('the bus and a broker that does not serve it', () => {
  test('holds no more than its bound when the server is alive but does not read, and notices it', async () => {
    const a = await bus({ bufferBytes: 8 * 1024 * 1024 });
    const server = broker.pid();
    process.kill(server, 'SIGSTOP');
    try {
      let accepted = 0;
      while (a.publish('run.stuck', Buffer.alloc(512 * 1024))) accepted++;
      expect(accepted).toBe(16);
      await expect(a.flush(300)).rejects.toBeInstanceOf(FlushTimeout);
      await until(() => !a.connected);
    } finally {
      process.kill(server, 'SIGCONT');
    }
    await until(() => a.connected);
    await a.flush();
    expect(a.publish('run.stuck', Buffer.alloc(512 * 1024))).toBe(true);
  });

  test('says soon that there is no broker, or something else on the port', async () => {
    await expect(connect({ url: 'nats://127.0.0.1:1', name: 'test', deadlineMs: 500 })).rejects.toMatchObject(
      { name: 'BrokerUnreachable', url: 'nats://127.0.0.1:1' },
    );
    const silent: Server = createServer().listen(0, '127.0.0.1');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(
      connect({ url: `nats://127.0.0.1:${port}`, name: 'test', deadlineMs: 700 }),
    ).rejects.toBeInstanceOf(BrokerUnreachable);
    silent.close();
    await expect(
      connect({
        url: broker.url,
        login: { kind: 'password', user: 'emars', password: 'wrong' },
        name: 'test',
        deadlineMs: 30_000,
      }),
    ).rejects.toThrow(/Authorization/i);
  });
});
