/**
 * What a cluster needs, looked at before it starts: all faults at once, instead of one after an hour and the next
 * after another. Nothing is written.
 */
import { constants, existsSync, readFileSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { freemem } from 'node:os';
import { dirname, join } from 'node:path';
import { gigabytes, snapshotMemory, trainerMemory } from '../actors/setup/trainer-memory.js';
import type { Options } from '../config/options.js';
import type { ErrorKind } from '../errors/error.js';
import { EmarsError, kindOf } from '../errors/error.js';
import type { Gpu } from '../native/devices.js';
import { gpuIndexOf, listGpus, visibleGpus } from '../native/devices.js';
import { requireDevices } from '../native/require-devices.js';
import { runFolder } from '../run/folder.js';
import { readCatalogue } from '../scan/catalogue/catalogue.js';
import { lockDevices } from './device-locks.js';
import type { DealtProcesses } from './deal-devices.js';
import { nativeParts } from './native-parts.js';
import { requireFolder } from './request.js';
import { kernelsOfRun } from './run-kernels.js';

/** Why a cluster cannot start: one line a fault. The kind is the environment's where that has a share in it. */
export class PreflightFailed extends EmarsError {
  override readonly name = 'PreflightFailed';
  constructor(
    readonly faults: readonly string[],
    readonly kind: ErrorKind,
  ) {
    super(faults.join('\n'));
  }
}

export interface PreflightRequest {
  readonly options: Options;
  readonly processes: DealtProcesses;
  /** Folder that the run will have, or has. */
  readonly out: string;
  /** The folder holds a run that was cut off. */
  readonly resumed: boolean;
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
}

/** The GPUs that this process may use, as the driver lists them. */
export async function gpusHere(env: NodeJS.ProcessEnv = process.env): Promise<readonly Gpu[]> {
  return visibleGpus(await listGpus(env), env);
}

/** Looks at native parts, devices, memory, disk and scans. Errors: PreflightFailed with all faults. */
export async function preflight(request: PreflightRequest): Promise<void> {
  const { options, processes, out, tell, signal } = request;
  const devices = [...processes.devices, processes.evaluatorDevice];
  const faults: { readonly text: string; readonly kind: ErrorKind }[] = [];
  const look = async (check: () => unknown): Promise<void> => {
    try {
      await check();
    } catch (error) {
      const kind = kindOf(error);
      if (kind === null || !(error instanceof Error)) throw error;
      faults.push({ text: error.message, kind });
    }
  };
  await look(() => nativeParts((text) => tell(text), signal));
  await look(() => requireDevices(devices));
  await look(async () => (await lockDevices(devices, await gpusHere(), out)).release());
  await look(() => requireMemory(request));
  await look(() => requireDisk(options, out));
  await look(() => requireScans(options));
  if (faults.length === 0) return;
  const kind = faults.find((fault) => fault.kind === 'environment')?.kind ?? faults[0]!.kind;
  throw new PreflightFailed(
    faults.map(({ text }) => text),
    kind,
  );
}

/** The machine is too small for what is asked of it. */
class MachineTooSmall extends EmarsError {
  override readonly name = 'MachineTooSmall';
  readonly kind = 'environment';
}

async function requireMemory({ options, processes, out, resumed }: PreflightRequest): Promise<void> {
  const { devices } = processes;
  const kernels = await kernelsOfRun({ folder: runFolder(out), options, resumed, devices });
  const one = trainerMemory(options, kernels === null ? 'tensorflow' : 'native');
  // What a GPU holds is not in our memory; its weights and sums are, and the library itself.
  const onGpus = processes.devices.every((device) => gpuIndexOf(device) !== null);
  const needed = (processes.trainers + 1) * (onGpus ? Math.min(one, GPU_HOST_BYTES) : one);
  const there = availableMemory();
  if (needed <= there) return;
  throw new MachineTooSmall(
    `memory: expected about ${gigabytes(needed)} for ${processes.trainers} trainers and an evaluator, got ` +
      `${gigabytes(there)} that is free; ask for fewer trainers, or raise training.microBatches`,
  );
}

const GPU_HOST_BYTES = 3e9;

/** Bytes that processes may still take: of the machine, or of the container where that has less. */
function availableMemory(): number {
  const machine = /^MemAvailable:\s+(\d+) kB$/m.exec(textOf('/proc/meminfo'))?.[1];
  const free = machine === undefined ? freemem() : Number(machine) * 1024;
  const limit = Number(textOf('/sys/fs/cgroup/memory.max'));
  const used = Number(textOf('/sys/fs/cgroup/memory.current'));
  return limit > 0 && used > 0 ? Math.min(free, Math.max(0, limit - used)) : free;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Snapshots that lie in a run folder at once: two that are kept and one that is being written. */
const SNAPSHOTS = 3;
/** Journal, logs, report, and phantom scans. */
const BESIDES_BYTES = 0.1e9;

async function requireDisk(options: Options, out: string): Promise<void> {
  const folder = existingFolder(out);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const needed = SNAPSHOTS * snapshotMemory(options) + BESIDES_BYTES;
  await access(folder, constants.W_OK).catch(() => {
    throw new MachineTooSmall(`disk: expected a folder that may be written to, got ${folder}`);
  });
  if (free < needed)
    throw new MachineTooSmall(
      `disk: expected ${gigabytes(needed)} free for the run, got ${gigabytes(free)} in ${folder}; ` +
        'free some, or choose another --out',
    );
}

function existingFolder(path: string): string {
  return existsSync(path) ? path : existingFolder(dirname(path));
}

/** Scans that cannot be used. */
class ScansUnreadable extends EmarsError {
  override readonly name = 'ScansUnreadable';
  readonly kind = 'data';
}

/** Named in one message. */
const SHOWN = 3;

/** Every file of every scan may be opened; what is in it, the decoding says. */
async function requireScans({ data }: Options): Promise<void> {
  if (data.path === null) return;
  const root = data.path;
  requireFolder(root, 'a folder of scans (data.path)');
  const { scans, problems } = await readCatalogue(root, { dicom: data.dicom });
  const bad = problems.map(({ path, reason }) => `${path}: ${reason}`);
  for (const file of scans.flatMap(({ files }) => files))
    await access(join(root, file), constants.R_OK).catch(() => bad.push(`${file}: it may not be read`));
  if (bad.length === 0 || data.onBadScan === 'skip') return;
  const more = bad.length > SHOWN ? `; and ${bad.length - SHOWN} more` : '';
  throw new ScansUnreadable(
    `scans: ${bad.length} problems in ${root}: ${bad.slice(0, SHOWN).join('; ')}${more} ` +
      '(data.onBadScan=skip leaves them out)',
  );
}
