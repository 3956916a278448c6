import { describe, expect, test } from 'vitest';
import { Mailbox, MailboxFull } from '#emars/runtime/process/mailbox.js';
import { after, Deadline, monotonicMs, sleep } from '#emars/runtime/process/monotonic.js';
import { until } from '../../support/until.js';

const never = (): void => {
  throw new Error('no error was expected');
};

describe('a mailbox', () => {
  test('handles one message at a time, in the order of posting, however long each takes', async () => {
    const log: string[] = [];
    let active = 0;
    const mailbox = new Mailbox<number>(async (message) => {
      expect(++active).toBe(1);
      log.push(`begin ${message}`);
      await sleep(message === 1 ? 30 : 1);
      log.push(`end ${message}`);
      active--;
    }, never);
    expect([1, 2, 3].map((message) => mailbox.post(message))).toEqual([true, true, true]);
    expect(log).toEqual([]);
    await mailbox.idle();
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  test('takes messages posted by its own handler, and undefined as a message', async () => {
    const seen: (number | undefined)[] = [];
    const mailbox: Mailbox<number | undefined> = new Mailbox<number | undefined>((message) => {
      seen.push(message);
      if (message !== undefined && message < 3) mailbox.post(message + 1);
    }, never);
    mailbox.post(1);
    mailbox.post(undefined);
    await mailbox.idle();
    expect(seen).toEqual([1, undefined, 2, 3]);
  });

  test('reports what the handler throws or rejects, with the message, and goes on, even if the reporter fails', async () => {
    const failures: string[] = [];
    const mailbox = new Mailbox<string>(
      (message) => {
        if (message === 'throw') throw new Error('thrown');
        return message === 'reject' ? Promise.reject(new Error('rejected')) : undefined;
      },
      (error, message) => {
        failures.push(`${message}: ${(error as Error).message}`);
        throw new Error('reporter failed');
      },
    );
    for (const message of ['throw', 'reject', 'fine']) mailbox.post(message);
    await mailbox.idle();
    expect(failures).toEqual(['throw: thrown', 'reject: rejected']);
  });

  test('refuses messages above its limit and after close, and close waits for the message in hand', async () => {
    const done: number[] = [];
    let inHand = 0;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const mailbox = new Mailbox<number>(
      async (message) => {
        inHand = message;
        await held;
        done.push(message);
      },
      never,
      { owner: 'the test', limit: 2 },
    );
    mailbox.post(1);
    await until(() => inHand === 1);
    mailbox.post(2);
    mailbox.post(3);
    expect(() => mailbox.post(4)).toThrow(MailboxFull);
    let closed = false;
    const closing = mailbox.close().then(() => (closed = true));
    await sleep(1);
    expect(closed).toBe(false);
    release();
    await closing;
    expect(done).toEqual([1]);
    expect(mailbox.post(5)).toBe(false);
  });
});

describe('monotonic time', () => {
  test('never calls a timer early, and never after it was cancelled', async () => {
    const early: number[] = [];
    await Promise.all(
      [0, 1, 7, 20].map(
        (ms) =>
          new Promise<void>((resolve) => {
            const start = monotonicMs();
            after(ms, () => {
              early.push(monotonicMs() - start - ms);
              resolve();
            });
          }),
      ),
    );
    expect(Math.min(...early)).toBeGreaterThanOrEqual(0);
    let called = false;
    after(5, () => (called = true)).cancel();
    await sleep(30);
    expect(called).toBe(false);
  });

  test("waits longer than Node's timers can, instead of not at all", async () => {
    let called = false;
    const timer = after(2 ** 40, () => (called = true), { keepAlive: false });
    await sleep(30);
    expect(called).toBe(false);
    timer.cancel();
    expect(() => after(Number.NaN, () => undefined)).toThrow(RangeError);
  });

  test('ends a sleep at once when it is aborted, before or while it sleeps', async () => {
    // Not aborted, each would run into the deadline of the test.
    await sleep(3_600_000, AbortSignal.abort());
    await sleep(3_600_000, AbortSignal.timeout(20));
    expect(new Deadline(3_600_000).over).toBe(false);
    const deadline = new Deadline(15);
    await sleep(deadline.left());
    expect(deadline.over).toBe(true);
  });
});
