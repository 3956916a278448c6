/** Who stands by for a folder sees how its owner ends: real processes, real signals. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endFormerEvolution } from '#emars/actors/parent/former-evolution.js';
import type { StandbyEvent } from '#emars/library/standby.js';
import { standBy } from '#emars/library/standby.js';
import { runFolder } from '#emars/run/folder.js';
import { isStopped } from '#emars/runtime/process/process-table.js';
import { acquireRunLock } from '#emars/runtime/storage/run-lock.js';
import { holderOf } from '#emars/runtime/storage/run-owner.js';
import { until } from '../../support/until.js';

const LOCKER = fileURLToPath(new URL('../runtime/fixtures/locker.mjs', import.meta.url));
let root: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'emars-standby-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

/** A process that has the lock on `folder`. */
async function owner(folder: string): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(process.execPath, [LOCKER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  expect((await once(createInterface(child.stdout), 'line'))[0]).toMatch(/^held/);
  return child as ChildProcess & { readonly pid: number };
}

/** Stands by, and what it has told so far. */
function standing(signal = new AbortController().signal): {
  told: StandbyEvent[];
  end: Promise<'lost' | 'ended'>;
} {
  const told: StandbyEvent[] = [];
  return { told, end: standBy(root, (event) => told.push(event), signal) };
}

describe('a standby', () => {
  it('goes on when the owner is killed, and not before', async () => {
    const child = await owner(root);
    const { told, end } = standing();
    await until(() => told.length > 0);
    expect(told).toEqual([{ kind: 'watching', pid: child.pid }]);
    child.kill('SIGKILL');
    expect(await end).toBe('lost');
  });

  it('kills an owner that is stopped, then goes on', async () => {
    const child = await owner(root);
    const { told, end } = standing();
    child.kill('SIGSTOP');
    expect(await end).toBe('lost');
    if (child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    expect(told.map(({ kind }) => kind)).toEqual(['watching', 'killed', 'lost']);
  });

  it('ends when the owner has ended in order, where there is none, and when it is told to', async () => {
    expect(await standing().end).toBe('ended');
    const lock = await acquireRunLock(root);
    const { told, end } = standing();
    await until(() => told.length > 0);
    await lock.release();
    expect(await end).toBe('ended');
    await acquireRunLock(root);
    const wish = new AbortController();
    const waits = standing(wish.signal);
    wish.abort(new Error('enough'));
    await expect(waits.end).rejects.toThrow('enough');
  });

  it('cannot judge an owner on another host, and says where to stand by', async () => {
    const lock = { pid: 7, startTime: '1', host: 'elsewhere', boot: 'b', released: false };
    await writeFile(join(root, 'run.lock.1'), JSON.stringify(lock));
    await expect(standing().end).rejects.toThrow(/process 7 on host elsewhere.*start the standby there/);
  });
});

describe('the evolution process that a parent left behind', () => {
  it('is ended by the next holder of the run, though it is stopped; one of another host is left alone', async () => {
    const folder = runFolder(root);
    await endFormerEvolution(folder);
    const child = await owner(folder.evolutionLock);
    child.kill('SIGSTOP');
    await until(() => isStopped(child.pid));
    expect(await holderOf(folder.evolutionLock)).toMatchObject({ is: 'stopped', pid: child.pid });
    await endFormerEvolution(folder);
    expect(await holderOf(folder.evolutionLock)).toEqual({ is: 'dead' });
    await rm(folder.evolutionLock, { recursive: true });
    await mkdir(folder.evolutionLock);
    // Of this process, were it of this host.
    const lock = { pid: process.pid, startTime: null, host: `not-${hostname()}`, boot: 'b', released: false };
    await writeFile(join(folder.evolutionLock, 'run.lock.1'), JSON.stringify(lock));
    await endFormerEvolution(folder);
  });
});
