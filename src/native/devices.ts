/** Which processors TensorFlow could use here. No library is loaded for it: the driver's own tool answers. */

import { existsSync } from 'node:fs';
import { findProgram, run } from './command.js';
import { NativePartError } from './errors.js';

/** An NVIDIA GPU as its driver lists it. */
export interface Gpu {
  /** Index as `CUDA_VISIBLE_DEVICES` counts where CUDA_DEVICE_ORDER is PCI_BUS_ID. */
  readonly index: number;
  /** "GPU-" and 32 hex digits in groups; no other device of any host has it. */
  readonly uuid: string;
  readonly name: string;
  /** MB of 2^20 bytes; 0 where the driver does not say. */
  readonly memoryMB: number;
}

const QUERY = ['--query-gpu=index,uuid,name,memory.total', '--format=csv,noheader'];

/** The GPUs `nvidia-smi` lists; empty where there is no driver or it does not answer. */
export async function listGpus(env: NodeJS.ProcessEnv): Promise<readonly Gpu[]> {
  const program = findProgram('nvidia-smi', env);
  if (program === null) return [];
  try {
    const { stdout } = await run(program, QUERY, { env, deadline: 15_000 });
    return parseGpus(stdout);
  } catch {
    return [];
  }
}

/** Lines "0, GPU-5f1c…, NVIDIA H100 80GB HBM3, 81559 MiB"; any other line is none. */
export function parseGpus(listing: string): readonly Gpu[] {
  return listing.split('\n').flatMap((line) => {
    const [, index, uuid, name, memory] = LINE.exec(line) ?? [];
    if (index === undefined || uuid === undefined || name === undefined) return [];
    return [{ index: Number(index), uuid, name, memoryMB: Number(memory ?? 0) }];
  });
}

/** Memory is "[N/A]" on some boards that share it with the processor. */
const LINE = /^\s*(\d{1,3}),\s*(GPU-[0-9A-Fa-f-]{1,60}),\s*(.{1,100}?),\s*(?:(\d{1,9}) MiB|\[N\/A\])\s*$/;

/**
 * Of the GPUs of this host, those that this process may use: `CUDA_VISIBLE_DEVICES`, where it is set, names them
 * by index or UUID, as schedulers do.
 */
export function visibleGpus(gpus: readonly Gpu[], env: NodeJS.ProcessEnv): readonly Gpu[] {
  const visible = env['CUDA_VISIBLE_DEVICES'];
  if (visible === undefined) return gpus;
  const named = visible.split(',').map((word) => word.trim());
  return gpus.filter(({ index, uuid }) =>
    named.some((word) => word === String(index) || (word.startsWith('GPU-') && uuid.startsWith(word))),
  );
}

/** n of "cuda:n"; null for "cpu". */
export function gpuIndexOf(device: string): number | null {
  return device.startsWith('cuda:') ? Number(device.slice('cuda:'.length)) : null;
}

/**
 * The build of TensorFlow this machine should have: `EMARS_ENGINE` (cpu or cuda) where it is set, else
 * cuda where an NVIDIA driver is found, else cpu.
 */
export async function wantedBuild(
  env: NodeJS.ProcessEnv,
): Promise<{ readonly build: 'cpu' | 'cuda'; readonly chosen: boolean }> {
  const own = env['EMARS_ENGINE'] ?? '';
  if (own === 'cpu' || own === 'cuda') return { build: own, chosen: true };
  if (own !== '')
    throw new NativePartError(
      'TensorFlow',
      [{ source: 'EMARS_ENGINE', reason: `expected cpu or cuda, got ${JSON.stringify(own)}` }],
      'Set EMARS_ENGINE to cpu or cuda, or unset it.',
    );
  const driver = existsSync('/proc/driver/nvidia/version') || (await listGpus(env)).length > 0;
  return { build: driver ? 'cuda' : 'cpu', chosen: false };
}
