import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type Broker } from '#emars/runtime/broker/broker.js';
import {
  AskTimeout,
  BrokerUnreachable,
  BusClosed,
  connect,
  FlushTimeout,
  NoResponder,
  PayloadTooLarge,
  type Bus,
  type BusOptions,
} from '#emars/runtime/bus/connection.js';
import { natsBinary } from '../nats-binary.js';
import { until } from './fixtures/helpers.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (data: Uint8Array): string => Buffer.from(data).toString();

let folder: string;
let broker: Broker;
const buses: Bus[] = [];

async function bus(options: Partial<BusOptions> = {}): Promise<Bus> {
  const made = await connect({ url: broker.url, credentials: broker.credentials, name: 'test', ...options });
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

describe('the bus', () => {
  test('carries messages in order to every subscriber of a subject, and to one of a queue', async () => {
    const [a, b, c] = await Promise.all([bus(), bus(), bus()]);
    const seen: Record<string, string[]> = { all: [], wild: [], queue1: [], queue2: [] };
    b.subscribe('run.topic', (data) => void seen['all']!.push(text(data)));
    c.subscribe('run.>', (data, envelope) => void seen['wild']!.push(`${envelope.subject} ${text(data)}`));
    b.subscribe('run.topic', (data) => void seen['queue1']!.push(text(data)), { queue: 'q' });
    c.subscribe('run.topic', (data) => void seen['queue2']!.push(text(data)), { queue: 'q' });
    await Promise.all([b.flush(), c.flush()]);
    const sent = Array.from({ length: 200 }, (_, i) => `message ${i}`);
    for (const message of sent) expect(a.publish('run.topic', bytes(message))).toBe(true);
    await a.flush();
    await Promise.all([b.flush(), c.flush()]);
    expect(seen['all']).toEqual(sent);
    expect(seen['wild']).toEqual(sent.map((message) => `run.topic ${message}`));
    expect([...seen['queue1']!, ...seen['queue2']!].sort()).toEqual([...sent].sort());
  });

  test('brings one answer to a question, and names each way of not getting one', async () => {
    const [a, b] = await Promise.all([bus(), bus()]);
    b.subscribe('run.echo', (data, { reply }) => void b.respond(reply!, bytes(`echo ${text(data)}`)));
    b.subscribe('run.silent', () => undefined);
    await b.flush();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => text(await a.ask('run.echo', bytes(`${i}`), 5000))),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => `echo ${i}`));
    const started = performance.now();
    await expect(a.ask('run.silent', bytes('?'), 300)).rejects.toMatchObject({
      name: 'AskTimeout',
      subject: 'run.silent',
      deadlineMs: 300,
    });
    expect(performance.now() - started).toBeGreaterThanOrEqual(299);
    await expect(a.ask('run.nobody', bytes('?'), 5000)).rejects.toBeInstanceOf(NoResponder);
    await expect(a.ask('run.echo', Buffer.alloc(a.maxPayload + 1), 5000)).rejects.toBeInstanceOf(
      PayloadTooLarge,
    );
    const open = a.ask('run.silent', bytes('?'), 20_000);
    const closed = expect(open).rejects.toBeInstanceOf(BusClosed);
    await a.close();
    await closed;
    expect(() => a.publish('run.echo', bytes('late'))).toThrow(BusClosed);
    await expect(a.ask('run.echo', bytes('late'), 1000)).rejects.toBeInstanceOf(BusClosed);
    await expect(a.flush()).rejects.toBeInstanceOf(BusClosed);
    await a.close();
  });

  test('reports what handlers throw and reject, and goes on', async () => {
    const errors: string[] = [];
    const a = await bus({
      onError: (error, subject) => void errors.push(`${subject}: ${(error as Error).message}`),
    });
    let good = 0;
    a.subscribe('run.bad', () => {
      throw new Error('thrown');
    });
    a.subscribe('run.bad', async () => {
      await Promise.resolve();
      throw new Error('rejected');
    });
    a.subscribe('run.bad', () => {
      good++;
    });
    await a.flush();
    a.publish('run.bad', bytes('1'));
    a.publish('run.bad', bytes('2'));
    await a.flush();
    await until(() => errors.length === 4, 2000);
    expect(good).toBe(2);
    expect(errors.filter((line) => line === 'run.bad: thrown')).toHaveLength(2);
    expect(errors.filter((line) => line === 'run.bad: rejected')).toHaveLength(2);
    expect(a.statistics().handlerErrors).toBe(4);
  });

  test('hands no message to a handler after unsubscribe', async () => {
    const a = await bus();
    const seen: string[] = [];
    const subscription = a.subscribe('run.stop', (data) => {
      seen.push(text(data));
      subscription.unsubscribe();
      subscription.unsubscribe();
    });
    await a.flush();
    for (const word of ['one', 'two', 'three']) a.publish('run.stop', bytes(word));
    await a.flush();
    expect(seen).toEqual(['one']);
  });

  test('outlives a kill -9 of the server: subscriptions, held messages in order, questions, flush', async () => {
    const [a, b] = await Promise.all([bus(), bus()]);
    const seen: string[] = [];
    let reconnects = 0;
    a.onReconnect(() => {
      reconnects++;
    });
    const stopListening = a.onReconnect(() => {
      reconnects += 100;
    });
    stopListening();
    b.subscribe('run.after', (data) => void seen.push(text(data)));
    b.subscribe('run.question', (_, { reply }) => void b.respond(reply!, bytes('answer')));
    await b.flush();
    process.kill(broker.keeperPid(), 'SIGSTOP');
    process.kill(broker.pid(), 'SIGKILL');
    await until(() => !a.connected && !b.connected, 7000);
    const words = Array.from({ length: 20 }, (_, i) => `held ${i}`);
    for (const word of words) expect(a.publish('run.after', bytes(word))).toBe(true);
    expect(a.pendingBytes()).toBe(words.join('').length);
    await expect(a.flush(200)).rejects.toBeInstanceOf(FlushTimeout);
    await expect(a.ask('run.question', bytes('?'), 200)).rejects.toBeInstanceOf(AskTimeout);
    const answer = a
      .ask('run.question', bytes('?'), 15_000)
      .catch(() => a.ask('run.question', bytes('?'), 5000));
    const flushed = a.flush(15_000);
    process.kill(broker.keeperPid(), 'SIGCONT');
    await flushed;
    expect(text(await answer)).toBe('answer');
    expect(reconnects).toBe(1);
    expect(a.statistics()).toMatchObject({
      connected: true,
      reconnects: 1,
      droppedMessages: 0,
      pendingBytes: 0,
    });
    // b may have come back after a's held messages went out: they are lost then, as core messages may be.
    expect(words.slice(words.length - seen.length)).toEqual(seen);
    a.publish('run.after', bytes('afterwards'));
    await until(() => seen.at(-1) === 'afterwards', 2000);
  });

  test('holds no more than its bound while cut off, says what it drops, and sends the rest', async () => {
    const a = await bus({ bufferBytes: 1000 });
    const seen: number[] = [];
    a.subscribe('run.bound', (data) => void seen.push(data[0]!));
    await a.flush();
    process.kill(broker.keeperPid(), 'SIGSTOP');
    process.kill(broker.pid(), 'SIGKILL');
    await until(() => !a.connected, 7000);
    const accepted = Array.from({ length: 15 }, (_, i) => a.publish('run.bound', Buffer.alloc(100, i)));
    expect(accepted).toEqual(Array.from({ length: 15 }, (_, i) => i < 10));
    expect(a.statistics()).toMatchObject({ droppedMessages: 5, droppedBytes: 500, pendingBytes: 1000 });
    process.kill(broker.keeperPid(), 'SIGCONT');
    await a.room(0, 15_000);
    await a.flush();
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => i));
    expect(a.publish('run.bound', Buffer.alloc(100))).toBe(true);
  });

  test('holds no more than its bound when the server is alive but does not read, and notices it', async () => {
    const a = await bus({ bufferBytes: 8 * 1024 * 1024 });
    const server = broker.pid();
    process.kill(server, 'SIGSTOP');
    try {
      let accepted = 0;
      while (a.publish('run.stuck', Buffer.alloc(512 * 1024))) accepted++;
      expect(accepted).toBe(16);
      await expect(a.room(0, 300)).rejects.toBeInstanceOf(FlushTimeout);
      await until(() => !a.connected, 10_000);
    } finally {
      process.kill(server, 'SIGCONT');
    }
    await until(() => a.connected, 10_000);
    await a.room(0);
    expect(a.publish('run.stuck', Buffer.alloc(512 * 1024))).toBe(true);
  });

  test('says soon that there is no broker, or something else on the port', async () => {
    const started = performance.now();
    await expect(connect({ url: 'nats://127.0.0.1:1', name: 'test', deadlineMs: 500 })).rejects.toMatchObject(
      { name: 'BrokerUnreachable', url: 'nats://127.0.0.1:1' },
    );
    expect(performance.now() - started).toBeLessThan(2000);
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
        credentials: { user: 'emars', password: 'wrong' },
        name: 'test',
        deadlineMs: 5000,
      }),
    ).rejects.toThrow(/Authorization/i);
  });
});
