/** The native kernels as set-up compiled them; null on a machine without a compiler, and said aloud. */
import { describe } from 'vitest';
import type { Kernels } from '#emars/kernels/kernels.js';
import { loadKernels } from '#emars/kernels/kernels.js';
import { linkedKernels } from '#emars/native/kernels.js';

const linked = await linkedKernels();
if (linked === null) console.warn('no native kernels on this machine: their tests are skipped');

export const kernelsPath: string | null = linked?.path ?? null;

/** Of the processor's best instructions. */
export const kernels: Kernels | null = linked === null ? null : loadKernels(linked.path);

/**
 * The kernels kept to an instruction set and to so many threads; all that are loaded share both. Null where the
 * processor lacks the instructions.
 */
export function kernelsWith(instructions: 'avx512' | 'avx2' | 'plain', threads = 1): Kernels | null {
  try {
    return linked === null ? null : loadKernels(linked.path, threads, { EMARS_INSTRUCTIONS: instructions });
  } catch {
    return null;
  }
}

/** A suite that is run once with TensorFlow and once with the native kernels. */
export function describeBoth(name: string, suite: (kernels: Kernels | null) => void): void {
  describe(`${name}, by TensorFlow`, () => suite(null));
  describe.skipIf(kernels === null)(`${name}, by the native kernels`, () => suite(kernels));
}
