/**
 * A GPU is one trainer's: a lock on this host for each device, by its UUID, which a run holds while it lives. A
 * second run, or a worker that joins one, is told who has it. Who was killed holds nothing.
 */
import { statSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { EmarsError } from '../errors/error.js';
import { gpuIndexOf, type Gpu } from '../native/devices.js';
import { acquireRunLock, RunLockedError, type RunLock } from '../runtime/storage/run-lock.js';

/** Other trainers have devices that were asked for. */
export class DevicesBusy extends EmarsError {
  override readonly name = 'DevicesBusy';
  readonly kind = 'environment';
}

export interface DeviceLocks {
  release(): Promise<void>;
}

/**
 * Takes every GPU of `devices` for a run, all or none. `gpus`: what the driver lists. Errors: DevicesBusy with all
 * that are held, by which process and for which run.
 */
export async function lockDevices(
  devices: readonly string[],
  gpus: readonly Gpu[],
  run: string,
): Promise<DeviceLocks> {
  const held: RunLock[] = [];
  const busy: string[] = [];
  const release = async (): Promise<void> => {
    for (const lock of held.splice(0)) await lock.release();
  };
  for (const device of new Set(devices)) {
    const index = gpuIndexOf(device);
    if (index === null) continue;
    const gpu = gpus.find((listed) => listed.index === index) ?? null;
    try {
      held.push(await acquireRunLock(join(deviceLockFolder(), idOf(device, gpu)), `run ${run}`));
    } catch (error) {
      await release();
      if (!(error instanceof RunLockedError)) throw error;
      const what = gpu === null ? device : `${device} (${gpu.name}, ${gpu.uuid})`;
      busy.push(`${what} is held by process ${error.pid}, ${error.purpose ?? 'of an unknown run'}`);
    }
  }
  if (busy.length === 0) return { release };
  await release();
  throw new DevicesBusy(
    `expected devices that no trainer uses, got ${busy.join('; ')}: wait for it, stop it, or choose others`,
  );
}

/** Without the driver's word, what the device is called on this host must do. */
function idOf(device: string, gpu: Gpu | null): string {
  return gpu?.uuid ?? `${hostname().replace(/[^\w.-]/g, '-')}-${device.replace(':', '-')}`;
}

/**
 * Where the locks of this user lie: the same folder for all runs of the user, however they are started, and gone
 * with the next boot.
 */
export function deviceLockFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['EMARS_RUNTIME_DIR'] ?? env['XDG_RUNTIME_DIR'] ?? '';
  if (isAbsolute(own)) return join(own, 'emars-devices');
  const { uid } = userInfo();
  const usual = `/run/user/${uid}`;
  return isFolderOf(usual, uid) ? join(usual, 'emars-devices') : join(tmpdir(), `emars-devices-${uid}`);
}

function isFolderOf(path: string, uid: number): boolean {
  try {
    const found = statSync(path);
    return found.isDirectory() && found.uid === uid;
  } catch {
    return false;
  }
}
