/** What a soak sees of a real broker: items of a queue, those handed out, and the leases of the newest plan. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startBroker, type Broker } from '#emars/runtime/broker/broker.js';
import { connect, type Bus } from '#emars/runtime/bus/connection.js';
import { declareWorkQueue, takeWork } from '#emars/runtime/bus/work-queue.js';
import { encode } from '#emars/wire/messages.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { BrokerWatch } from '../../../bench/soak/broker-watch.js';
import { natsBinary } from '../nats-binary.js';

const root = mkdtempSync(join(tmpdir(), 'emars-soak-'));
const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
  rmSync(root, { recursive: true, force: true });
});

it('counts what waits, what is handed out until it is acknowledged, and the leases of the newest plan of a step', async () => {
  const broker: Broker = await startBroker({
    binary: await natsBinary(),
    storeDir: join(root, 'broker'),
    logFile: join(root, 'broker.log'),
  });
  ends.push(() => broker.stop());
  const bus: Bus = await connect({ url: broker.url, login: broker.login, name: 'evolution' });
  ends.push(() => bus.close());
  const watch = await BrokerWatch.on(broker.url, broker.login!.seed);
  ends.push(() => watch.close());
  const seen = (what: object): Promise<void> =>
    expect.poll(() => watch.sample(), { timeout: 50_000 }).toMatchObject(what);
  const empty = { messages: 0, bytes: 0, handedOut: 0, slotLeases: null };
  expect(await watch.sample()).toEqual(empty);

  const options = {
    stream: 'work',
    subject: 'run.work',
    consumer: 'workers',
    ackWaitMs: 60_000,
    maxDeliver: 2,
  };
  const queue = await declareWorkQueue(bus, options);
  for (const item of ['a', 'b', 'c']) await queue.enqueue(Buffer.from(item), item, 10_000);
  let release!: () => void;
  const held = new Promise<void>((resolve) => (release = resolve));
  const abort = new AbortController();
  ends.push(() => {
    abort.abort();
    return Promise.resolve();
  });
  takeWork(bus, options, () => held.then(() => 'ack' as const), { signal: abort.signal });
  await seen({ messages: 3, handedOut: 1 });
  release();
  await seen({ messages: 0, handedOut: 0, slotLeases: null });

  const { directive } = subjectsOf('0123456789ab');
  const lease = (slot: number) => ({ slot, owner: 'trainer-0', fence: 1, number: slot, diverged: false });
  const directed = { fence: 1, epoch: 1, members: ['trainer-0'], plan: null, end: null };
  const step = { step: 0, stepInEpoch: 0, leases: [lease(0), lease(1), lease(2)], checks: [] };
  const planned = { ...step, commit: null, joining: null };
  bus.publish(directive, encode('Directive', { ...directed, step: planned }));
  await seen({ slotLeases: 3 });
  // Neither the end of an epoch nor noise is a plan: the newest counts on.
  bus.publish(
    directive,
    encode('Directive', { ...directed, step: null, end: { commit: null, writer: 'trainer-0' } }),
  );
  bus.publish(directive, Buffer.from('no message'));
  bus.publish(directive, encode('Directive', { ...directed, step: { ...planned, leases: [lease(0)] } }));
  await seen({ slotLeases: 1 });
});
