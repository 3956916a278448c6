/** GPUs of a host: which process gets which, and that no two trainers get one. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dealtProcesses } from '#emars/library/deal-devices.js';
import { deviceLockFolder, DevicesBusy, lockDevices } from '#emars/library/device-locks.js';
import { RequestError } from '#emars/library/request.js';
import type { Gpu } from '#emars/native/devices.js';

const LOCKER = fileURLToPath(new URL('./fixtures/device-locker.mjs', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'emars-devices-'));
const before = process.env['EMARS_RUNTIME_DIR'];
const gpus: readonly Gpu[] = [0, 1, 2].map((index) => ({
  index,
  uuid: `GPU-0000000${index}-1111-2222-3333-444444444444`,
  name: 'Some GPU',
  memoryMB: 80_000,
}));
const children: ChildProcess[] = [];

beforeAll(() => (process.env['EMARS_RUNTIME_DIR'] = root));
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));
afterAll(() => {
  if (before === undefined) delete process.env['EMARS_RUNTIME_DIR'];
  else process.env['EMARS_RUNTIME_DIR'] = before;
  rmSync(root, { recursive: true, force: true });
});

async function otherRun(run: string, devices: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [LOCKER, run, devices, JSON.stringify(gpus)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(createInterface(child.stdout), 'line');
  return child;
}

describe('devices and processes', () => {
  it('are one trainer a GPU, and at least two trainers on a CPU', () => {
    expect(dealtProcesses({}, 'exact')).toEqual({
      ...{ trainers: 2, minTrainers: 0, devices: ['cpu'], evaluatorDevice: 'cpu' },
    });
    expect(dealtProcesses({ devices: ['cuda:1'] }, 'exact')).toMatchObject({
      trainers: 1,
      evaluatorDevice: 'cuda:1',
    });
    expect(dealtProcesses({ devices: ['cuda:0', 'cuda:1', 'cuda:2'], trainers: 2 }, 'exact')).toMatchObject({
      trainers: 2,
      evaluatorDevice: 'cuda:2',
    });
  });

  it.each([
    ['two trainers for one GPU', { devices: ['cuda:0'], trainers: 2 }, /at most one trainer a GPU/],
    ['a GPU twice', { devices: ['cuda:0', 'cuda:0'] }, /cuda:0 twice/],
    ['no device', { devices: [] }, /got ""/],
    ['another word', { devices: ['gpu'] }, /got "gpu"/],
    ['no trainers', { trainers: 0 }, /from 1 to 256, .*got 0/],
    ['an evaluator on another kind', { devices: ['cuda:0'], evaluatorDevice: 'cpu' }, /one kind.*tolerant/],
    ['trainers on two kinds', { devices: ['cuda:0', 'cpu'] }, /one kind/],
  ])('are refused: %s', (_, wanted, message) => {
    expect(() => dealtProcesses(wanted, 'exact')).toThrow(RequestError);
    expect(() => dealtProcesses(wanted, 'exact')).toThrow(message);
  });

  it('may be of two kinds where the arithmetic may differ', () => {
    expect(dealtProcesses({ devices: ['cuda:0'], evaluatorDevice: 'cpu' }, 'tolerant')).toMatchObject({
      evaluatorDevice: 'cpu',
    });
  });
});

describe('the lock of a GPU', { timeout: 60_000 }, () => {
  it('names who has it to another run, which takes none of what it asked for', async () => {
    const other = await otherRun('/runs/first', 'cuda:1,cpu');
    const error: unknown = await lockDevices(['cuda:0', 'cuda:1'], gpus, '/runs/second').catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DevicesBusy);
    expect((error as Error).message).toContain(
      `cuda:1 (Some GPU, ${gpus[1]!.uuid}) is held by process ${other.pid}, run /runs/first`,
    );
    // cuda:0 was let go again.
    await (await lockDevices(['cuda:0'], gpus, '/runs/second')).release();
  });

  it('is taken over from a run that was killed', async () => {
    const other = await otherRun('/runs/first', 'cuda:2');
    await expect(lockDevices(['cuda:2'], gpus, '/runs/second')).rejects.toBeInstanceOf(DevicesBusy);
    const gone = once(other, 'exit');
    other.kill('SIGKILL');
    await gone;
    await (await lockDevices(['cuda:2'], gpus, '/runs/second')).release();
  });

  it('follows the device, not its number, and works without the word of a driver', async () => {
    const first = await lockDevices(['cuda:0'], gpus, '/runs/first');
    const renumbered = [{ ...gpus[0]!, index: 7 }];
    await expect(lockDevices(['cuda:7'], renumbered, '/runs/second')).rejects.toBeInstanceOf(DevicesBusy);
    await first.release();
    const unnamed = await lockDevices(['cuda:0'], [], '/runs/first');
    await expect(lockDevices(['cuda:0'], [], '/runs/second')).rejects.toBeInstanceOf(DevicesBusy);
    await unnamed.release();
  });

  it('lies in the folder of the user for what lives as long as the machine is up', () => {
    expect(deviceLockFolder({ EMARS_RUNTIME_DIR: '/a' })).toBe('/a/emars-devices');
    expect(deviceLockFolder({ XDG_RUNTIME_DIR: '/run/user/5' })).toBe('/run/user/5/emars-devices');
    expect(deviceLockFolder({ XDG_RUNTIME_DIR: 'relative' })).toMatch(/^\/.*emars-devices/);
  });
});
