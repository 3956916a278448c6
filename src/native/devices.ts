/** Which processors TensorFlow could use here. No library is loaded for it: the driver's own tool answers. */

import { existsSync } from 'node:fs';
import { findProgram, run } from './command.js';
import { NativePartError } from './errors.js';

/** An NVIDIA GPU as its driver lists it. */
export interface Gpu {
  /** Index as `CUDA_VISIBLE_DEVICES` counts where CUDA_DEVICE_ORDER is PCI_BUS_ID. */
  readonly index: number;
  readonly name: string;
}

/** The GPUs `nvidia-smi` lists; empty where there is no driver or it does not answer. */
export async function listGpus(env: NodeJS.ProcessEnv): Promise<readonly Gpu[]> {
  const program = findProgram('nvidia-smi', env);
  if (program === null) return [];
  try {
    const { stdout } = await run(program, ['--query-gpu=index,name', '--format=csv,noheader'], {
      env,
      deadline: 15_000,
    });
    return parseGpus(stdout);
  } catch {
    return [];
  }
}

/** Lines "0, NVIDIA H100 80GB HBM3". */
export function parseGpus(listing: string): readonly Gpu[] {
  return listing.split('\n').flatMap((line) => {
    const [, index, name] = /^\s*(\d+),\s*(.+?)\s*$/.exec(line) ?? [];
    return index === undefined || name === undefined ? [] : [{ index: Number(index), name }];
  });
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
