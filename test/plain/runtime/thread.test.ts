import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import {
  startThread,
  ThreadDeadline,
  ThreadExited,
  transfer,
  type Thread,
} from '#emars/runtime/process/thread.js';

interface Api {
  add(a: number, b: number): number;
  data(): unknown;
  slowly(ms: number, value: string): string;
  never(): void;
  refuse(): void;
  sum(numbers: Float64Array): number;
  fill(shared: SharedArrayBuffer, value: number): void;
  leave(code: number): void;
  crash(): void;
  spin(): void;
  askMain(deadlineMs: number, word: string): string;
}

const FILE = new URL('./fixtures/thread.mjs', import.meta.url);
const threads: Thread<Api>[] = [];

function start(serve?: object): Thread<Api> {
  const thread = startThread<Api>(FILE, {
    name: 'test',
    workerData: { answer: 42 },
    ...(serve === undefined ? {} : { serve }),
  });
  threads.push(thread);
  return thread;
}

afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.stop()));
});

describe('a thread', () => {
  test('answers calls, many at once, and knows the data it was started with', async () => {
    const thread = start();
    const sums = await Promise.all(
      Array.from({ length: 100 }, (_, i) => thread.call(5000, (api) => api.add(i, 1))),
    );
    expect(sums).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(await thread.call(5000, (api) => api.data())).toEqual({ answer: 42 });
  });

  test('takes buffers by transfer and shares shared ones', async () => {
    const thread = start();
    const numbers = Float64Array.of(1, 2, 3.5);
    expect(await thread.call(5000, (api) => api.sum(transfer(numbers, [numbers.buffer])))).toBe(6.5);
    expect(numbers.byteLength).toBe(0);
    const shared = new SharedArrayBuffer(8);
    await thread.call(5000, (api) => api.fill(shared, 7));
    expect([...new Uint8Array(shared)]).toEqual(Array(8).fill(7));
  });

  test('that does not answer in time costs the caller only its deadline', async () => {
    const thread = start();
    const late = thread.call(50, (api) => api.slowly(100, 'late'));
    await expect(late).rejects.toMatchObject({ name: 'ThreadDeadline', thread: 'test', deadlineMs: 50 });
    await expect(thread.call(50, (api) => api.never())).rejects.toBeInstanceOf(ThreadDeadline);
    expect(await thread.call(5000, (api) => api.slowly(100, 'in time'))).toBe('in time');
  });

  test('sends back what its functions throw, with the fields of the error', async () => {
    const failure: unknown = await start()
      .call(5000, (api) => api.refuse())
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).toMatchObject({
      name: 'Refused',
      message: 'refused weights',
      subject: 'weights',
      bytes: 17,
    });
  });

  test('rejects all calls under way and all later ones when it exits, crashes, or is stopped', async () => {
    const endings: [string, (thread: Thread<Api>) => Promise<unknown>, RegExp, number][] = [
      ['exits', (thread) => thread.call(5000, (api) => api.leave(3)), /ended with code 3/, 3],
      ['crashes', (thread) => thread.call(5000, (api) => api.crash()), /a bug in the thread/, 1],
      [
        'is stopped',
        (thread) => thread.stop().then(() => Promise.reject(new Error('has ended with code 1'))),
        /ended with code 1/,
        1,
      ],
    ];
    for (const [, end, message, code] of endings) {
      const thread = start();
      await thread.call(5000, (api) => api.add(1, 1));
      const waiting = thread.call(60_000, (api) => api.never());
      const rejected = expect(waiting).rejects.toMatchObject({ name: 'ThreadExited', code });
      await expect(end(thread)).rejects.toThrow(message);
      await rejected;
      expect(thread.alive).toBe(false);
      expect(await thread.exited).toBeInstanceOf(ThreadExited);
      await expect(thread.call(5000, (api) => api.add(1, 1))).rejects.toBeInstanceOf(ThreadExited);
      await thread.stop();
    }
  });

  test('that spins in a loop can be stopped', async () => {
    const thread = start();
    await expect(thread.call(100, (api) => api.spin())).rejects.toBeInstanceOf(ThreadDeadline);
    await thread.stop();
    expect(thread.alive).toBe(false);
  });

  test('calls functions of the main thread, with deadlines and errors in that direction too', async () => {
    const thread = start({
      shout: (word: string) => {
        if (word === 'fail') throw Object.assign(new Error('hoarse'), { code: 'E_VOICE' });
        return word === 'wait' ? new Promise(() => undefined) : `${word.toUpperCase()}!`;
      },
    });
    expect(await thread.call(5000, (api) => api.askMain(5000, 'hello'))).toBe('HELLO!');
    await expect(thread.call(5000, (api) => api.askMain(5000, 'fail'))).rejects.toMatchObject({
      message: 'hoarse',
      code: 'E_VOICE',
    });
    await expect(thread.call(5000, (api) => api.askMain(50, 'wait'))).rejects.toMatchObject({
      name: 'ThreadDeadline',
      thread: 'main',
      deadlineMs: 50,
    });
  });

  test('lets the process end once it is stopped', async () => {
    const script = fileURLToPath(new URL('./fixtures/lone-thread.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 10_000 });
    expect(stdout).toBe('42\n');
  });
});
