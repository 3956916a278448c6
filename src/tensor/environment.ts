/**
 * What must be in the environment of a process before it starts, for TensorFlow to run well in it.
 * Native code reads these once; setting `process.env` later, or from a worker thread, has no effect.
 * This file loads nothing, so what spawns a process may import it.
 */

/**
 * glibc's allocator, told to keep its memory. By default it maps and unmaps every tensor above its
 * threshold (128 KiB at first), so operations pay for fresh pages. `hugetlb=1` asks for huge pages,
 * `mmap_max=0` and the thresholds keep freed memory in the heap; the process then stays at its peak. What
 * it was measured to bring, and where nothing, is in decision 0124. Other C libraries ignore the variable.
 */
const GLIBC_TUNABLES = [
  'glibc.malloc.hugetlb=1',
  'glibc.malloc.mmap_max=0',
  'glibc.malloc.trim_threshold=17179869184',
  'glibc.malloc.top_pad=67108864',
].join(':');

export interface TensorProcess {
  /** Threads inside one operation, ≥ 1: part of a run's numerics, fixed by its configuration. */
  readonly threads: number;
  /** CUDA devices the process may see, for example `0`; empty for none. */
  readonly cudaDevices?: string;
}

/** Variables to add to the environment of a process that computes with TensorFlow. */
export function tensorEnvironment(options: TensorProcess): Record<string, string> {
  if (!Number.isInteger(options.threads) || options.threads < 1)
    throw new RangeError(`expected a whole number of threads from 1, got ${options.threads}`);
  return {
    TF_NUM_INTRAOP_THREADS: String(options.threads),
    TF_NUM_INTEROP_THREADS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    GLIBC_TUNABLES,
    ...(options.cudaDevices === undefined ? {} : cudaEnvironment(options.cudaDevices)),
  };
}

/**
 * Indices are those of nvidia-smi, which lists by bus; CUDA's own order is by speed. Trainer and evaluator may
 * share a GPU, of which TensorFlow would take all memory at its start.
 */
function cudaEnvironment(devices: string): Record<string, string> {
  if (devices === '') return { CUDA_VISIBLE_DEVICES: '' };
  return {
    CUDA_VISIBLE_DEVICES: devices,
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  };
}
