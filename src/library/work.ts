/** Working for a run that others have started: the library's side of `emars worker`. */
import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { WorkerEvent } from '../actors/worker/supervise-worker.js';
import { WorkerFailed, WorkerSupervision } from '../actors/worker/supervise-worker.js';
import type { Options } from '../config/options.js';
import { requireDevices } from '../native/require-devices.js';
import { readOptions } from '../run/config.js';
import type { RunFolder } from '../run/folder.js';
import { runFolder } from '../run/folder.js';
import { readRecordIfSound } from '../run/record.js';
import type { Role } from '../wire/messages.js';
import { lockDevices } from './device-locks.js';
import { nativeParts } from './native-parts.js';
import { requireBegunRun } from './run-argument.js';
import { kernelsOfWorker } from './run-kernels.js';

export interface WorkerRequest {
  readonly role: Role;
  /** "cpu", "cuda:<n>". */
  readonly device: string;
  /** Default: role, host and four letters. */
  readonly id: string | null;
  readonly tell: (event: WorkEvent) => void;
  /** So long a run that is not at work is waited for, ms; null: without end. */
  readonly waitMs: number | null;
  /** Leaves in order: what is under way is finished first. */
  readonly leave: AbortSignal;
  /** Leaves at once. */
  readonly stop: AbortSignal;
}

export type WorkEvent =
  | WorkerEvent
  | { readonly kind: 'providing'; readonly text: string }
  /** No such run is at work on the broker: it is waited for. */
  | { readonly kind: 'waiting' };

export interface WorkRequest extends WorkerRequest {
  /** Folder of a run that is at work on this machine. */
  readonly folder: string;
}

export interface Work {
  readonly id: string;
  readonly logFile: string;
  readonly end: Promise<'finished' | 'left'>;
}

/**
 * Joins a run of this machine. Errors: RequestError, NotARun, NativePartError, KernelsMissing, DevicesBusy,
 * WorkerFailed.
 */
export async function work(request: WorkRequest): Promise<Work> {
  requireBegunRun(request.folder);
  const folder = runFolder(request.folder);
  if (!existsSync(folder.bus))
    throw new WorkerFailed(
      `expected a run at work in "${request.folder}", got one that is not; ` +
        `go on with it: emars search --resume ${request.folder}`,
      'environment',
    );
  const begun = (await readRecordIfSound(folder))?.fingerprint['kernels'];
  const id = request.id ?? workerId(request.role);
  return supervised(request, {
    folder,
    options: readOptions(folder),
    kernels: typeof begun === 'string' ? begun : null,
    id,
    logFile: folder.log(id),
  });
}

/**
 * What a host must have to work for a run that began with kernels of the digest `begun`: the addon that it computes
 * by, or null for TensorFlow. Errors: NativePartError, KernelsMissing, those of devices.
 */
async function arithmeticHere(
  { device, tell, leave, stop }: WorkerRequest,
  begun: string | null,
  { engine }: Options,
): Promise<{ readonly kernels: string | null; readonly gpus: Awaited<ReturnType<typeof requireDevices>> }> {
  const say = (text: string): void => tell({ kind: 'providing', text });
  const kernels = device === 'cpu' ? await kernelsOfWorker(begun, engine.numerics, say) : null;
  if (kernels !== null) return { kernels: kernels.path, gpus: [] };
  await nativeParts(say, AbortSignal.any([leave, stop]));
  return { kernels: null, gpus: await requireDevices([device]) };
}

export interface WorkerPlace {
  /** Of the run, or a workplace. */
  readonly folder: RunFolder;
  readonly options: Options;
  /** Digest of the native kernels that the run computes by; null: TensorFlow. */
  readonly kernels: string | null;
  readonly id: string;
  readonly logFile: string;
}

/** Starts the worker's process. Errors: NativePartError, KernelsMissing, DevicesBusy. */
export async function supervised(
  request: WorkerRequest,
  { kernels: begun, ...place }: WorkerPlace,
): Promise<Work> {
  const { role, device, tell, leave, stop, waitMs } = request;
  const { kernels, gpus } = await arithmeticHere(request, begun, place.options);
  const supervision = new WorkerSupervision({ ...place, role, device, kernels, waitMs }, tell);
  leave.addEventListener('abort', () => supervision.leave());
  stop.addEventListener('abort', () => supervision.stop());
  if (stop.aborted || leave.aborted) supervision.stop();
  // An evaluator may share a GPU with a trainer, as it does within a run.
  const locks = role === 'trainer' ? await lockDevices([device], gpus, place.folder.root) : null;
  const end = supervision.run().finally(() => locks?.release());
  return { id: place.id, logFile: place.logFile, end };
}

/** Two workers of one host must not have one name: the second would be taken for a restart of the first. */
export function workerId(role: Role): string {
  const host =
    hostname()
      .replace(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, 40) || 'host';
  return `${role}-${host}-${randomBytes(2).toString('hex')}`;
}
