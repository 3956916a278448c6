import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type Broker } from '#emars/runtime/broker/broker.js';
import { connect, type Bus } from '#emars/runtime/bus/connection.js';
import { sleep } from '#emars/runtime/process/monotonic.js';
import {
  declareWorkQueue,
  takeWork,
  WorkQueueError,
  type Taken,
  type Verdict,
  type WorkQueue,
  type WorkQueueOptions,
  type WorkTaker,
} from '#emars/runtime/bus/work-queue.js';
import { natsBinary } from '../nats-binary.js';
import { until } from '../../support/until.js';

let folder: string;
let broker: Broker;
let owner: Bus;
let worker: Bus;
let queue: WorkQueue;
let count = 0;
const takers: { taker: WorkTaker; stop: () => void }[] = [];

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (data: Uint8Array): string => Buffer.from(data).toString();

async function declare(more: Partial<WorkQueueOptions> = {}): Promise<WorkQueue> {
  count++;
  queue = await declareWorkQueue(owner, {
    stream: `queue-${count}`,
    subject: `run.work${count}`,
    consumer: 'workers',
    ackWaitMs: 1000,
    maxDeliver: 2,
    ...more,
  });
  return queue;
}

function take(
  handler: (item: string, taken: Taken) => Verdict | Promise<Verdict>,
  { paused = false, errors = [] as unknown[], stream = queue.options.stream } = {},
): WorkTaker {
  const abort = new AbortController();
  const onError = (error: unknown): unknown => errors.push(error);
  const options = { ...queue.options, stream, paused, onError };
  const taker = takeWork(worker, options, async (data, taken) => await handler(text(data), taken), {
    signal: abort.signal,
  });
  takers.push({ taker, stop: () => abort.abort() });
  return taker;
}

async function stopTakers(): Promise<void> {
  const all = takers.splice(0);
  for (const { stop } of all) stop();
  await Promise.all(all.map(({ taker }) => taker.done));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-queue-'));
  broker = await startBroker({
    binary: await natsBinary(),
    storeDir: join(folder, 'broker'),
    logFile: join(folder, 'broker.log'),
  });
  owner = await connect({ url: broker.url, login: broker.login, name: 'owner' });
  worker = await connect({ url: broker.url, login: broker.login, name: 'worker' });
});
afterEach(async () => {
  await stopTakers();
  await queue.remove();
});
afterAll(async () => {
  await Promise.all([owner.close(), worker.close()]);
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a work queue', () => {
  test('gives each item to one of several workers, one at a time each, and is empty after they acknowledged', async () => {
    await declare();
    const done: string[] = [];
    const active = [0, 0, 0];
    const most = [0, 0, 0];
    for (let i = 0; i < 3; i++) {
      take(async (item): Promise<Verdict> => {
        most[i] = Math.max(most[i]!, ++active[i]!);
        await sleep(5);
        done.push(item);
        active[i]!--;
        return 'ack';
      });
    }
    const items = Array.from({ length: 30 }, (_, i) => `item ${i}`);
    expect(await Promise.all(items.map((item) => queue.enqueue(bytes(item), item)))).toEqual(
      items.map(() => 'queued'),
    );
    await until(() => done.length === 30);
    await stopTakers();
    expect(done.sort()).toEqual(items.sort());
    expect(most).toEqual([1, 1, 1]);
    expect(await queue.size()).toBe(0);
  });

  test('takes an id once as long as its item is in the queue, and again afterwards', async () => {
    await declare();
    expect(await queue.enqueue(bytes('first'), 'a/b c')).toBe('queued');
    expect(await queue.enqueue(bytes('second'), 'a/b c')).toBe('duplicate');
    expect(await queue.enqueue(bytes('other'), 'a/b d')).toBe('queued');
    const done: string[] = [];
    take((item) => {
      done.push(item);
      return 'ack';
    });
    await until(() => done.length === 2);
    await stopTakers();
    expect(done).toEqual(['first', 'other']);
    expect(await queue.enqueue(bytes('third'), 'a/b c')).toBe('queued');
    await queue.purge();
    expect(await queue.size()).toBe(0);
  });

  test('gives an item again after nak, after a handler that throws, and says when it is exhausted', async () => {
    await declare();
    await queue.enqueue(bytes('poison'), 'poison');
    const seen: [number, boolean][] = [];
    const errors: unknown[] = [];
    take(
      (_, { deliveries, exhausted }) => {
        seen.push([deliveries, exhausted]);
        if (deliveries === 1) throw new Error('cannot digest');
        return exhausted ? 'term' : 'nak';
      },
      { errors },
    );
    await until(() => seen.length === 3);
    await stopTakers();
    expect(seen).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
    expect(errors.map((error) => (error as Error).message)).toEqual(['cannot digest']);
    expect(await queue.size()).toBe(0);
  });

  test('leaves an item with a worker that takes longer than ackWait, and gives on that of a worker that fell silent', async () => {
    await declare({ ackWaitMs: 1500 });
    await queue.enqueue(bytes('long'), 'long');
    const deliveries: number[] = [];
    const slow = take(async (_, taken): Promise<Verdict> => {
      deliveries.push(taken.deliveries);
      await sleep(2.5 * queue.options.ackWaitMs);
      return 'ack';
    });
    await until(() => slow.busy);
    take((_, taken) => {
      deliveries.push(-taken.deliveries);
      return 'ack';
    });
    await until(() => !slow.busy);
    expect(deliveries).toEqual([1]);
    await stopTakers();
    // A worker whose process dies: its bus is cut, and nothing says that it is still at work.
    const dying = await connect({ url: broker.url, login: broker.login, name: 'dying' });
    await queue.enqueue(bytes('orphan'), 'orphan');
    let taken = false;
    const abort = new AbortController();
    takeWork(
      dying,
      queue.options,
      () => {
        taken = true;
        return new Promise<Verdict>(() => undefined);
      },
      { signal: abort.signal },
    );
    await until(() => taken);
    await dying.close();
    const again: number[] = [];
    take((_, { deliveries: times }) => {
      again.push(times);
      return 'ack';
    });
    await until(() => again.length === 1);
    expect(again).toEqual([2]);
  });

  test('gives nothing to a paused worker while another one works, and all to it once it is resumed', async () => {
    await declare();
    const seen = { paused: [] as string[], other: [] as string[] };
    const taker = take((item) => (seen.paused.push(item), 'ack'), { paused: true });
    const other = take((item) => (seen.other.push(item), 'ack'));
    const items = Array.from({ length: 10 }, (_, i) => `item ${i}`);
    for (const item of items) await queue.enqueue(bytes(item), item);
    await until(() => seen.other.length === items.length);
    expect(seen).toEqual({ paused: [], other: items });
    await other.pause();
    taker.resume();
    await queue.enqueue(bytes('last'), 'last');
    await until(() => seen.paused.length === 1);
    expect(seen.other).toEqual(items);
  });

  test('pause waits for the item in hand, and nothing comes after it', async () => {
    await declare();
    const done: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const taker = take(async (item): Promise<Verdict> => {
      if (item === 'one') await held;
      done.push(item);
      return 'ack';
    });
    await queue.enqueue(bytes('one'), 'one');
    await until(() => taker.busy);
    let over = false;
    const paused = taker.pause().then(() => (over = true));
    // A whole exchange with the broker later it still waits.
    await queue.enqueue(bytes('two'), 'two');
    expect([over, taker.busy, done]).toEqual([false, true, []]);
    release();
    await paused;
    expect([taker.busy, done]).toEqual([false, ['one']]);
    const second: string[] = [];
    take((item) => (second.push(item), 'ack'));
    await until(() => second.length === 1);
    expect([done, second]).toEqual([['one'], ['two']]);
    taker.resume();
    await queue.enqueue(bytes('three'), 'three');
    await until(() => done.length + second.length === 3);
  });

  test('loses no item over pauses at any moment', async () => {
    await declare({ ackWaitMs: 5000 });
    const seen: string[] = [];
    const taker = take((item) => {
      seen.push(item);
      return 'ack';
    });
    const items = Array.from({ length: 60 }, (_, i) => `item ${i}`);
    for (const [i, item] of items.entries()) {
      const enqueued = queue.enqueue(bytes(item), item);
      await sleep(i % 4);
      const paused = taker.pause();
      await Promise.all([enqueued, paused]);
      expect(taker.busy).toBe(false);
      taker.resume();
    }
    // A delivery that crosses a pause on its way comes again after its wait; none is lost.
    await until(() => new Set(seen).size === items.length);
    expect([...new Set(seen)].sort()).toEqual([...items].sort());
  });

  test('goes on after a kill -9 of the broker: items are still there, and a verdict given meanwhile arrives', async () => {
    await declare({ ackWaitMs: 60_000 });
    const seen: [string, number][] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const taker = take(async (item, { deliveries }): Promise<Verdict> => {
      seen.push([item, deliveries]);
      if (item === 'held') await held;
      return 'ack';
    });
    await queue.enqueue(bytes('held'), 'held');
    await queue.enqueue(bytes('next'), 'next');
    await until(() => taker.busy);
    process.kill(broker.pid(), 'SIGKILL');
    await until(() => !worker.connected);
    release();
    const added = queue.enqueue(bytes('added'), 'added');
    expect(await added).toBe('queued');
    await until(() => seen.length === 3);
    await stopTakers();
    expect(seen).toEqual([
      ['held', 1],
      ['next', 1],
      ['added', 1],
    ]);
    expect(await queue.size()).toBe(0);
  });

  test('is declared again on a broker that lost its store, for an owner that enqueues again what is open', async () => {
    await declare();
    const done: string[] = [];
    const taker = take((item) => {
      done.push(item);
      return 'ack';
    });
    await queue.enqueue(bytes('before'), 'before');
    await until(() => done.length === 1);
    await taker.pause();
    expect(await queue.enqueue(bytes('open'), 'open')).toBe('queued');
    let reconnects = 0;
    const handle = owner.onReconnect(() => {
      reconnects++;
      void queue.enqueue(bytes('open'), 'open');
    });
    // Resumed only after the wipe: before it the item could still be done on the old store.
    await broker.restart({ wipe: true });
    taker.resume();
    await until(() => reconnects > 0 && done.includes('open'));
    handle.close();
    expect(await queue.enqueue(bytes('after'), 'after')).toBe('queued');
    await until(() => done.includes('after'));
  });

  test('is declared again by whatever is asked of it after its stream was deleted', async () => {
    await declare();
    const { stream } = queue.options;
    const deleteStream = async (): Promise<void> => {
      const answer = await worker.ask(`$JS.API.STREAM.DELETE.${stream}`, new Uint8Array(), 3000);
      expect(JSON.parse(text(answer))).toMatchObject({ success: true });
    };
    await queue.enqueue(bytes('gone'), 'gone');
    await deleteStream();
    await queue.purge(5000);
    expect(await queue.enqueue(bytes('gone'), 'gone', 5000)).toBe('queued');
    await deleteStream();
    expect(await queue.enqueue(bytes('gone'), 'gone', 5000)).toBe('queued');
    expect(await queue.size(5000)).toBe(1);
    await deleteStream();
    expect(await queue.size(5000)).toBe(0);
  });

  test('is found by workers that were there before it', async () => {
    const errors: unknown[] = [];
    const done: string[] = [];
    const stream = `queue-${count + 1}`;
    take(
      (item) => {
        done.push(item);
        return 'ack';
      },
      { errors, stream },
    );
    await until(() => errors.length > 0);
    expect(String(errors[0])).toBe(
      `WorkUnavailable: work queue ${stream} gives no work: the broker refuses to give work`,
    );
    await declare();
    await queue.enqueue(bytes('early worker'), 'x');
    await until(() => done.length === 1);
  });

  test('is declared twice without harm, and refused with a name that is taken by something else', async () => {
    await declare();
    await queue.enqueue(bytes('kept'), 'kept');
    const second = await declareWorkQueue(owner, { ...queue.options, maxDeliver: 9 });
    expect(await second.size()).toBe(1);
    second.close();
    await expect(
      declareWorkQueue(owner, { ...queue.options, stream: 'another', subject: queue.options.subject }),
    ).rejects.toBeInstanceOf(WorkQueueError);
    await expect(declareWorkQueue(owner, { ...queue.options, stream: 'a.b' })).rejects.toThrow(
      /name consists/,
    );
  });
});
