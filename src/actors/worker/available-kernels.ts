/** The native kernels for a command that computes outside of a run. */
import type { EngineOptions } from '../../config/options.js';
import type { Kernels } from '../../kernels/kernels.js';
import { loadKernels } from '../../kernels/kernels.js';
import { linkedKernels } from '../../native/kernels.js';

/** Those that set-up compiled; null where there are none or they are switched off. Errors: KernelsError. */
export async function availableKernels({ native, threads }: EngineOptions): Promise<Kernels | null> {
  const linked = native === 'off' ? null : await linkedKernels();
  return linked === null ? null : loadKernels(linked.path, threads);
}
