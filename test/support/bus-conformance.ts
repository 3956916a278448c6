/**
 * What every bus must do, whatever carries it: run against a real broker (test/broker) and against the
 * twin in memory (test/plain), so that a test on the twin says something about the real one.
 */
import { afterEach, describe, expect, test } from 'vitest';
import {
  AskTimeout,
  BusClosed,
  FlushTimeout,
  NoResponder,
  PayloadTooLarge,
  type Bus,
  type BusOptions,
} from '#emars/runtime/bus/connection.js';
import { until } from './until.js';

export interface BusMaker {
  connect(options: Partial<BusOptions>): Promise<Bus>;
  /** Resolves when none of `buses` is connected any more. */
  cut(buses: readonly Bus[]): Promise<void>;
  /** Lets the buses come back; may resolve before they have. */
  restore(): void;
}

export function busConformance(name: string, maker: BusMaker): void {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const text = (data: Uint8Array): string => Buffer.from(data).toString();
  const buses: Bus[] = [];

  async function bus(options: Partial<BusOptions> = {}): Promise<Bus> {
    const made = await maker.connect(options);
    buses.push(made);
    return made;
  }

  afterEach(async () => {
    await Promise.all(buses.splice(0).map((entry) => entry.close()));
  });

  describe(name, () => {
    test('carries messages in order to every subscriber of a subject, and to one of a queue', async () => {
      const [a, b, c] = await Promise.all([bus(), bus(), bus()]);
      const seen: Record<string, string[]> = { all: [], wild: [], star: [], queue1: [], queue2: [] };
      b.subscribe('run.topic', (data) => void seen['all']!.push(text(data)));
      c.subscribe('run.>', (data, envelope) => void seen['wild']!.push(`${envelope.subject} ${text(data)}`));
      c.subscribe('run.*', (data) => void seen['star']!.push(text(data)));
      c.subscribe('run.*.deeper', () => void seen['star']!.push('too deep'));
      b.subscribe('run.topic', (data) => void seen['queue1']!.push(text(data)), { queue: 'q' });
      c.subscribe('run.topic', (data) => void seen['queue2']!.push(text(data)), { queue: 'q' });
      await Promise.all([b.flush(), c.flush()]);
      const sent = Array.from({ length: 200 }, (_, i) => `message ${i}`);
      for (const message of sent) expect(a.publish('run.topic', bytes(message))).toBe(true);
      await a.flush();
      await Promise.all([b.flush(), c.flush()]);
      expect(seen['all']).toEqual(sent);
      expect(seen['star']).toEqual(sent);
      expect(seen['wild']).toEqual(sent.map((message) => `run.topic ${message}`));
      expect([...seen['queue1']!, ...seen['queue2']!].sort()).toEqual([...sent].sort());
    });

    test('brings one answer to a question, and names each way of not getting one', async () => {
      const [a, b] = await Promise.all([bus(), bus()]);
      b.subscribe('run.echo', (data, { reply }) => void b.respond(reply!, bytes(`echo ${text(data)}`)));
      const replies: unknown[] = [];
      b.subscribe('run.silent', (_, { reply }) => void replies.push(reply));
      await b.flush();
      const answers = await Promise.all(
        Array.from({ length: 50 }, async (_, i) => text(await a.ask('run.echo', bytes(`${i}`), 5000))),
      );
      expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => `echo ${i}`));
      a.publish('run.silent', bytes('no question'));
      await a.flush();
      await until(() => replies.length === 1);
      expect(replies).toEqual([null]);
      await expect(a.ask('run.silent', bytes('?'), 300)).rejects.toMatchObject({
        name: 'AskTimeout',
        subject: 'run.silent',
        deadlineMs: 300,
      });
      expect(a.statistics().askTimeouts).toBe(1);
      await expect(a.ask('run.unheard', bytes('?'), 5000)).rejects.toBeInstanceOf(NoResponder);
      const tooLarge = Buffer.alloc(a.maxPayload + 1);
      await expect(a.ask('run.echo', tooLarge, 5000)).rejects.toBeInstanceOf(PayloadTooLarge);
      expect(() => a.publish('run.echo', tooLarge)).toThrow(PayloadTooLarge);
    });

    test('closes once, and refuses all that comes after it', async () => {
      const [a, b] = await Promise.all([bus(), bus()]);
      b.subscribe('run.silent', () => undefined);
      await b.flush();
      const open = a.ask('run.silent', bytes('?'), 20_000);
      const closed = expect(open).rejects.toBeInstanceOf(BusClosed);
      await a.close();
      await closed;
      expect(a.closed).toBe(true);
      expect(() => a.publish('run.silent', bytes('late'))).toThrow(BusClosed);
      expect(() => a.subscribe('run.silent', () => undefined)).toThrow(BusClosed);
      await expect(a.ask('run.silent', bytes('late'), 1000)).rejects.toBeInstanceOf(BusClosed);
      await expect(a.flush()).rejects.toBeInstanceOf(BusClosed);
      await a.close();
      expect(b.closed).toBe(false);
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
      await until(() => errors.length === 4);
      expect(good).toBe(2);
      expect(errors.filter((line) => line === 'run.bad: thrown')).toHaveLength(2);
      expect(errors.filter((line) => line === 'run.bad: rejected')).toHaveLength(2);
      expect(a.statistics().handlerErrors).toBe(4);
    });

    test('hands no message to a handler after its subscription was closed', async () => {
      const a = await bus();
      const seen: string[] = [];
      const subscription = a.subscribe('run.stop', (data) => {
        seen.push(text(data));
        subscription.close();
        subscription.close();
      });
      await a.flush();
      for (const word of ['one', 'two', 'three']) a.publish('run.stop', bytes(word));
      await a.flush();
      expect(seen).toEqual(['one']);
    });

    test('hands over what was sent before a subscription was drained', async () => {
      const a = await bus();
      const seen: string[] = [];
      const subscription = a.subscribe('run.drain', (data) => void seen.push(text(data)));
      await a.flush();
      for (const word of ['one', 'two', 'three']) a.publish('run.drain', bytes(word));
      await subscription.drain();
      a.publish('run.drain', bytes('late'));
      await a.flush();
      expect(seen).toEqual(['one', 'two', 'three']);
    });

    test('outlives a cut: subscriptions, held messages in order, questions, flush', async () => {
      const [a, b] = await Promise.all([bus(), bus()]);
      const seen: string[] = [];
      let reconnects = 0;
      a.onReconnect(() => {
        reconnects++;
      });
      const closed = a.onReconnect(() => {
        reconnects += 100;
      });
      closed.close();
      b.subscribe('run.after', (data) => void seen.push(text(data)));
      b.subscribe('run.question', (_, { reply }) => void b.respond(reply!, bytes('answer')));
      await b.flush();
      await maker.cut([a, b]);
      const words = Array.from({ length: 20 }, (_, i) => `held ${i}`);
      for (const word of words) expect(a.publish('run.after', bytes(word))).toBe(true);
      expect(a.pendingBytes()).toBe(words.join('').length);
      await expect(a.flush(200)).rejects.toBeInstanceOf(FlushTimeout);
      await expect(a.ask('run.question', bytes('?'), 200)).rejects.toBeInstanceOf(AskTimeout);
      const answer = a
        .ask('run.question', bytes('?'), 15_000)
        .catch(() => a.ask('run.question', bytes('?'), 5000));
      const flushed = a.flush(15_000);
      maker.restore();
      await flushed;
      expect(text(await answer)).toBe('answer');
      expect(reconnects).toBe(1);
      const expected = { connected: true, reconnects: 1, droppedMessages: 0, pendingBytes: 0 };
      expect(a.statistics()).toMatchObject(expected);
      // b may have come back after a's held messages went out: they are lost then, as core messages may be.
      expect(words.slice(words.length - seen.length)).toEqual(seen);
      a.publish('run.after', bytes('afterwards'));
      await until(() => seen.at(-1) === 'afterwards');
    });

    test('holds no more than its bound while cut off, says what it drops, and sends the rest', async () => {
      const a = await bus({ bufferBytes: 1000 });
      const seen: number[] = [];
      a.subscribe('run.bound', (data) => void seen.push(data[0]!));
      await a.flush();
      await maker.cut([a]);
      const accepted = Array.from({ length: 15 }, (_, i) => a.publish('run.bound', Buffer.alloc(100, i)));
      expect(accepted).toEqual(Array.from({ length: 15 }, (_, i) => i < 10));
      expect(a.statistics()).toMatchObject({ droppedMessages: 5, droppedBytes: 500, pendingBytes: 1000 });
      maker.restore();
      await a.flush(15_000);
      await a.flush();
      expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => i));
      expect(a.publish('run.bound', Buffer.alloc(100))).toBe(true);
    });
  });
}
