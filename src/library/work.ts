/** Working for a run that others have started: the library's side of `emars worker`. */
import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { WorkerEvent } from '../actors/worker/supervise-worker.js';
import { WorkerFailed, WorkerSupervision } from '../actors/worker/supervise-worker.js';
import { requireDevices } from '../native/require-devices.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import type { Role } from '../wire/messages.js';
import { lockDevices } from './device-locks.js';
import { nativeParts } from './native-parts.js';
import { requireBegunRun } from './run-argument.js';

export interface WorkRequest {
  /** Folder of a run that is at work on this machine. */
  readonly folder: string;
  readonly role: Role;
  /** "cpu", "cuda:<n>". */
  readonly device: string;
  /** Default: role, host and four letters. */
  readonly id: string | null;
  readonly tell: (event: WorkerEvent | { readonly kind: 'providing'; readonly text: string }) => void;
  /** Leaves in order: what is under way is finished first. */
  readonly leave: AbortSignal;
  /** Leaves at once. */
  readonly stop: AbortSignal;
}

export interface Work {
  readonly id: string;
  readonly logFile: string;
  readonly end: Promise<'finished' | 'left'>;
}

/** Joins the run. Errors: RequestError, NotARun, NativePartError, DevicesBusy, WorkerFailed. */
export async function work(request: WorkRequest): Promise<Work> {
  const { role, device, tell, leave, stop } = request;
  requireBegunRun(request.folder);
  const folder = runFolder(request.folder);
  if (!existsSync(folder.bus))
    throw new WorkerFailed(
      `expected a run at work in "${request.folder}", got one that is not; ` +
        `go on with it: emars search --resume ${request.folder}`,
      'environment',
    );
  await nativeParts((text) => tell({ kind: 'providing', text }), AbortSignal.any([leave, stop]));
  const gpus = await requireDevices([device]);
  const id = request.id ?? workerId(role);
  const logFile = folder.log(id);
  const options = readOptions(folder);
  const supervision = new WorkerSupervision({ folder, options, role, id, device, logFile }, tell);
  leave.addEventListener('abort', () => supervision.leave());
  stop.addEventListener('abort', () => supervision.stop());
  // An evaluator may share a GPU with a trainer, as it does within a run.
  const locks = role === 'trainer' ? await lockDevices([device], gpus, request.folder) : null;
  return { id, logFile, end: supervision.run().finally(() => locks?.release()) };
}

/** Two workers of one host must not have one name: the second would be taken for a restart of the first. */
function workerId(role: Role): string {
  const host =
    hostname()
      .replace(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 40) || 'host';
  return `${role}-${host}-${randomBytes(2).toString('hex')}`;
}
