import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bootId, processStartTime } from '#emars/runtime/process/process-table.js';
import { acquireRunLock, RunLockedError } from '#emars/runtime/storage/run-lock.js';

const LOCKER = fileURLToPath(new URL('./fixtures/locker.mjs', import.meta.url));
let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

async function locker(...more: string[]): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [LOCKER, folder, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, said };
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

describe('the lock on a run folder', () => {
  test('lets one in, names it to the second, and lets the second in after the release', async () => {
    const lock = await acquireRunLock(folder);
    await expect(acquireRunLock(folder)).rejects.toBeInstanceOf(RunLockedError);
    expect((await locker()).said).toBe(`locked ${process.pid}`);
    await lock.release();
    await lock.release();
    const second = await locker('release');
    expect(second.said).toBe('held 2');
    if (second.child.exitCode === null) await once(second.child, 'exit');
    expect((await acquireRunLock(folder)).number).toBe(3);
  });

  test('is taken over after a kill -9', async () => {
    const first = await locker();
    expect(first.said).toBe('held 1');
    await expect(acquireRunLock(folder)).rejects.toMatchObject({ pid: first.child.pid });
    await killed(first.child);
    const lock = await acquireRunLock(folder);
    expect(lock.number).toBe(2);
    expect(await readdir(folder)).toEqual(['run.lock.2']);
  });

  test('goes to exactly one of eight processes that want it at once, from a dead owner too', async () => {
    for (let round = 1; round <= 2; round++) {
      const said = await Promise.all(Array.from({ length: 8 }, () => locker()));
      const holders = said.filter((entry) => entry.said.startsWith('held'));
      expect(holders).toHaveLength(1);
      expect(holders[0]!.said).toBe(`held ${round}`);
      expect(said.filter((entry) => entry.said === `locked ${holders[0]!.child.pid}`)).toHaveLength(7);
      await killed(holders[0]!.child);
    }
  });

  test("is not held by a process that merely got the owner's id, nor by an owner of an earlier boot", async () => {
    const owner = {
      pid: process.pid,
      startTime: processStartTime(process.pid),
      host: hostname(),
      boot: bootId(),
      released: false,
    };
    for (const change of [
      { startTime: '1' },
      { boot: 'another boot' },
      { pid: 4_190_000 },
      { released: true },
    ]) {
      await rm(folder, { recursive: true, force: true });
      await (await acquireRunLock(folder)).release();
      await writeFile(join(folder, 'run.lock.1'), JSON.stringify({ ...owner, ...change }));
      expect((await acquireRunLock(folder)).number).toBe(2);
    }
    await writeFile(join(folder, 'run.lock.2'), JSON.stringify(owner));
    await expect(acquireRunLock(folder)).rejects.toMatchObject({ pid: process.pid });
  });

  test('of another host counts as held, and the error says which file to remove', async () => {
    await writeFile(
      join(folder, 'run.lock.1'),
      JSON.stringify({ pid: 7, host: 'elsewhere', released: false }),
    );
    await expect(acquireRunLock(folder)).rejects.toThrow(/process 7 on host elsewhere.*run\.lock\.1/);
  });

  test('that is torn is taken over', async () => {
    await writeFile(join(folder, 'run.lock.1'), '{"pid": 1');
    expect((await acquireRunLock(folder)).number).toBe(2);
    expect(JSON.parse(await readFile(join(folder, 'run.lock.2'), 'utf8'))).toMatchObject({
      pid: process.pid,
    });
  });
});
