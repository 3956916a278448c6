import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isSameProcess, processStartTime } from '#emars/runtime/process/process-table.js';
import {
  superviseChild,
  type ChildOptions,
  type GiveUp,
  type Supervised,
} from '#emars/runtime/process/processes.js';
import { until } from '../../support/until.js';

const CHILD = new URL('./fixtures/child.mjs', import.meta.url);
let folder: string;
const children: Supervised[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-processes-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop(100)));
  await rm(folder, { recursive: true, force: true });
});

/** A supervised child and the protocol of what happened to it. */
function supervise(
  args: string[],
  more: Partial<ChildOptions> = {},
): { child: Supervised; log: string[]; messages: unknown[]; gaveUp: GiveUp[] } {
  const log: string[] = [];
  const messages: unknown[] = [];
  const gaveUp: GiveUp[] = [];
  const child = superviseChild(
    {
      role: 'trainer',
      id: '2',
      entry: CHILD,
      args,
      logFile: join(folder, 'child.log'),
      restart: { limit: 3, backoffMs: [10, 30] },
      ...more,
    },
    {
      onStart: (_, starts) => log.push(`start ${starts}`),
      onMessage: (message) => messages.push(message),
      onExit: ({ code, signal, restartInMs }) =>
        log.push(`exit ${code ?? signal} ${restartInMs ?? 'for good'}`),
      onEnd: () => log.push('end'),
      onGiveUp: (reason) => {
        gaveUp.push(reason);
        log.push('give up');
      },
    },
  );
  children.push(child);
  return { child, log, messages, gaveUp };
}

describe('a supervised child', () => {
  test('that hangs before it says anything is killed and started again; one that spoke may be silent', async () => {
    const flag = join(folder, 'hung');
    const { log, messages, child } = supervise(['hang-once', flag], {
      restart: { limit: 9, backoffMs: [10], silentStartMs: 3000 },
    });
    // On a machine that starts nothing within the limit it takes more than two lives.
    await until(() => messages.includes('ready'));
    expect(log.slice(0, 3)).toEqual(['start 1', 'exit SIGKILL 10', 'start 2']);
    expect(await readFile(join(folder, 'child.log'), 'utf8')).toContain(
      'said nothing for 3 s after its start',
    );
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(child.state).toBe('running');
  });

  test('exchanges messages, gets its environment, writes to its log, and tells its peak memory', async () => {
    const { child, messages } = supervise(['serve'], { env: { EMARS_TEST_VARIABLE: 'set' } });
    await until(() => messages.length === 1);
    expect(child.send({ question: 1 })).toBe(true);
    await until(() => messages.length === 2);
    expect(messages).toEqual([
      'ready',
      { heard: { question: 1 }, variable: 'set', bytes: new Uint8Array([1, 2]) },
    ]);
    expect(child.peakMemory()).toBeGreaterThan(10_000_000);
    await child.stop();
    expect(child.state).toBe('stopped');
    expect(child.pid).toBeNull();
    expect(child.send('not heard')).toBe(false);
    expect(child.peakMemory()).toBeGreaterThan(10_000_000);
  });

  test('that ends with 0 stays away; where its end is not its own to choose it is started again', async () => {
    const done = supervise(['wish']);
    await until(() => done.log.includes('end'));
    expect(done.child.state).toBe('ended');
    const lost = supervise(['wish'], { restart: { limit: 3, backoffMs: [10, 30], againAfterEndMs: 20 } });
    await until(() => lost.log.includes('give up'));
    expect(lost.log).toEqual([
      'start 1',
      'exit 0 20',
      'start 2',
      'exit 0 30',
      'start 3',
      'exit 0 for good',
      'give up',
    ]);
  });

  test('is started again after a kill -9', async () => {
    const { child, log, messages } = supervise(['die-once', join(folder, 'died')]);
    await until(() => messages.length === 1);
    expect(log).toEqual(['start 1', 'exit SIGKILL 10', 'start 2']);
    child.kill('SIGKILL');
    await until(() => messages.length === 2);
    expect(log.slice(3)).toEqual(['exit SIGKILL 30', 'start 3']);
    expect(child.state).toBe('running');
  });

  test('is given up after too many quick crashes in a row, with the end of its log as the reason', async () => {
    const { child, log, gaveUp } = supervise(['crash']);
    await until(() => gaveUp.length === 1);
    expect(log).toEqual([
      'start 1',
      'exit 7 10',
      'start 2',
      'exit 7 30',
      'start 3',
      'exit 7 for good',
      'give up',
    ]);
    expect(child.state).toBe('given-up');
    expect(gaveUp[0]).toMatchObject({ crashes: 3, code: 7, signal: null });
    expect(gaveUp[0]!.message).toMatch(
      /^trainer 2 ended 3 times in a row, last with exit code 7; the end of .*child\.log:\nthe reason of \d+ is here$/,
    );
    expect((await readFile(join(folder, 'child.log'), 'utf8')).match(/the reason of/g)).toHaveLength(3);
  });

  test('is not given up for crashes between which it lived healthily', async () => {
    const { log } = supervise(['crash'], { restart: { limit: 2, backoffMs: [1], healthyMs: 0 } });
    await until(() => log.length >= 10);
    expect(log).not.toContain('give up');
  });

  test('stays away when it ends by its own wish', async () => {
    const { child, log } = supervise(['wish']);
    await until(() => log.includes('end'));
    expect(log).toEqual(['start 1', 'exit 0 for good', 'end']);
    expect(child.state).toBe('ended');
    await child.stop();
    expect(child.state).toBe('ended');
  });

  test('that does not heed SIGTERM is killed after the grace, and one that waits for its restart is not started', async () => {
    const { child, messages, log } = supervise(['stubborn', join(folder, 'asked')]);
    await until(() => messages.length === 1);
    const pid = child.pid!;
    await Promise.all([child.stop(3000), child.stop(3000)]);
    expect(isSameProcess(pid, null)).toBe(false);
    expect(await readFile(join(folder, 'asked'), 'utf8')).toMatch(/^asked /);
    expect(log).toEqual(['start 1', 'exit SIGKILL for good']);
    const waiting = supervise(['crash'], { restart: { limit: 3, backoffMs: [1500] } });
    await until(() => waiting.child.state === 'waiting');
    await waiting.child.stop();
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(waiting.log).toEqual(['start 1', 'exit 7 1500']);
  });

  test("whose main file is missing is given up with Node's own words", async () => {
    const { gaveUp } = supervise([], { entry: join(folder, 'no-such-file.mjs'), restart: { limit: 1 } });
    await until(() => gaveUp.length === 1);
    expect(gaveUp[0]!.message).toMatch(/trainer 2 ended with exit code 1.*Cannot find module/s);
  });

  test('with a blocked main thread dies with its parent, killed by -9', async () => {
    const parent = spawn(
      process.execPath,
      [fileURLToPath(new URL('./fixtures/parent.mjs', import.meta.url)), folder],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const pid = Number(line);
    const startTime = processStartTime(pid);
    expect(startTime).not.toBeNull();
    // Alive as long as its parent is.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(isSameProcess(pid, startTime)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isSameProcess(pid, startTime));
  });
});
