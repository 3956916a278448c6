/** What trainer and evaluator processes have in common: who they are, and their bus thread. */
import { randomUUID } from 'node:crypto';
import type { Gpu } from '../../native/devices.js';
import { gpuIndexOf, listGpus } from '../../native/devices.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { SignalGuard } from '../../kernels/signal-guard.js';
import { fingerprint } from '../../native/fingerprint.js';
import { kernelsId } from '../../native/kernels.js';
import { startThread } from '../../runtime/process/thread.js';
import { trace } from '../../runtime/trace/trace.js';
import { tensorflowFacts } from '../../tensor/backend.js';
import type { WorkerNews } from './worker-news.js';
import { isLeaveOrder } from './worker-news.js';
import { canaryDigest } from '../../training/canary.js';
import type { Identity } from '../../protocol/worker/presence.js';
import type { Workbench } from './workbench.js';
import { processExit, TERMINATED_EXIT } from '../../errors/exit-codes.js';
import { textOf } from '../../errors/text.js';

/** What the bits of a worker follow from, beside seed, data and configuration. */
export interface WorkerArithmetic {
  readonly threads: number;
  /** The native kernels where they compute, with their digest; null: TensorFlow computes. */
  readonly native: { readonly kernels: Kernels; readonly id: string } | null;
  readonly signals: SignalGuard;
}

export function arithmeticOf(
  { options, kernels, signals }: Workbench,
  addon: string | null,
): WorkerArithmetic {
  const native = kernels === null || addon === null ? null : { kernels, id: kernelsId(addon) };
  return { threads: options.engine.threads, native, signals };
}

/**
 * Identity of this process, with what decides the bits it computes. Loads TensorFlow only where it computes:
 * that costs seconds and half a gigabyte.
 */
export async function workerIdentity(
  role: Identity['role'],
  id: string,
  device: string,
  { threads, native, signals }: WorkerArithmetic,
): Promise<Identity> {
  const from = trace.now();
  const gpu = await gpuOf(device);
  // TensorFlow's own threads begin here, and inherit that signals are kept away.
  const tensorflow = native === null ? signals.during(() => tensorflowOn(device)) : null;
  const { hash } = fingerprint({
    tensorflow: tensorflow === null ? null : { version: tensorflow.version, id: '' },
    threads,
    // Two devices of one model compute alike: the model counts, not the index.
    device: device === 'cpu' ? device : `cuda ${gpu?.name ?? 'unknown'}`,
    kernels: native?.id ?? null,
  });
  const canary = signals.during(() => canaryDigest(native?.kernels ?? null));
  trace.span('start', native === null ? 'load TensorFlow, canary' : 'canary', from);
  return {
    role,
    id,
    incarnation: randomUUID(),
    pid: process.pid,
    device,
    fingerprint: hash,
    canary,
    seen: {
      visible: process.env['CUDA_VISIBLE_DEVICES'] ?? '',
      uuid: gpu?.uuid ?? '',
      name: gpu?.name ?? '',
      memoryMb: gpu?.memoryMB ?? 0,
      tensorflow: [...(tensorflow?.devices ?? [])],
    },
  };
}

/** Errors: Error where TensorFlow would compute on another device in silence. */
function tensorflowOn(device: string): ReturnType<typeof tensorflowFacts> {
  const { version, devices } = tensorflowFacts();
  if (device.startsWith('cuda:') && !devices.includes('gpu'))
    throw new Error(
      `expected TensorFlow to use ${device}, it sees only ${devices.join(', ')}; see emars doctor`,
    );
  return { version, devices };
}

/** As the driver lists it; null for a CPU, and where there is no word of the driver. */
async function gpuOf(device: string): Promise<Gpu | null> {
  const index = gpuIndexOf(device);
  if (index === null) return null;
  return (await listGpus(process.env)).find((gpu) => gpu.index === index) ?? null;
}

/**
 * Runs the bus thread of a worker until the search says farewell or the process is told to end. Its
 * end otherwise ends the process with an error, and the supervisor starts it again.
 */
export async function runBusThread(url: URL, workerData: object, serve: object): Promise<void> {
  const news = (sent: WorkerNews): void => void process.send?.(sent);
  const main: BusMain = {
    welcomed: (fence) => {
      news({ kind: 'welcomed', fence });
      return Promise.resolve();
    },
    silence: (isSilent) => {
      news({ kind: isSilent ? 'silent' : 'heard' });
      return Promise.resolve();
    },
  };
  // From here on the bus thread has deadlines for what this thread does.
  news({ kind: 'opened' });
  const thread = startThread<BusThread>(url, { workerData, serve: { ...serve, ...main } });
  const stop = (): void => void thread.stop().then(() => process.exit(TERMINATED_EXIT));
  process.once('SIGTERM', stop);
  process.once('SIGINT', () => undefined);
  // Answered by the end of `untilEnd`.
  process.on('message', (message) => {
    if (isLeaveOrder(message)) thread.call(LONGEST_MS, (api) => api.leave()).catch(() => undefined);
  });
  const end = await Promise.race([
    thread.call(LONGEST_MS, (api) => api.untilEnd()),
    thread.exited.then((error) => Promise.reject(error)),
  ]);
  await thread.stop();
  if (end.refused !== null) {
    process.stderr.write(`${end.refused}\n`);
    process.exit(processExit('refused'));
  }
  process.exit(0);
}

/** Runs a worker's main function; its last words on standard error are the reason, in one line. */
export async function runWorker(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${textOf(error)}\n`);
    process.exit(1);
  }
}

/** The longest a timer can wait, 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

export interface WorkerEnd {
  /** Why the run refused this worker; null after an ordinary end. */
  readonly refused: string | null;
}

export interface BusThread {
  /** Resolves when the search is over for this worker. */
  untilEnd(): Promise<WorkerEnd>;
  /** Leaves the run in order: finishes what it holds; then `untilEnd` resolves. */
  leave(): Promise<void>;
}

/** What every bus thread tells its main thread. */
export interface BusMain {
  welcomed(fence: number): Promise<void>;
  /** Nothing is heard of the run any more, or again. */
  silence(isSilent: boolean): Promise<void>;
}
