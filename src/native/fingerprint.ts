/**
 * What the bits of a training step depend on besides seed, data and configuration. Two hosts with the
 * same fingerprint are expected to compute the same bits; with another one, a run says so (`run.json`).
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * Plain JSON. `hash` covers all the rest where TensorFlow computes; where the native kernels do, only them,
 * the device, the platform and Node: their bits follow from nothing else (docs/native.md).
 */
export interface Fingerprint {
  readonly hash: string;
  /** Version and identity of the library, or null where there is none. */
  readonly tensorflow: { readonly version: string; readonly id: string } | null;
  readonly cpu: { readonly model: string; readonly features: readonly string[] };
  /** TensorFlow's and oneDNN's switches that choose kernels, as set in the environment; '' where unset. */
  readonly flags: Readonly<Record<string, string>>;
  /** Threads within an operation, as the run configures them; null where nothing is running. */
  readonly threads: number | null;
  /** `cpu` or `cuda:<index> <name>`. */
  readonly device: string;
  readonly platform: string;
  /** Node's major version. */
  readonly node: number;
  /** Digest of the native kernels that compute; left out where TensorFlow does. */
  readonly kernels?: string;
}

/** The vector units for which oneDNN and Eigen choose other kernels, hence other orders of summation. */
const FEATURES = [
  'avx',
  'avx2',
  'fma',
  'f16c',
  'avx_vnni',
  'avx512f',
  'avx512dq',
  'avx512bw',
  'avx512vl',
  'avx512_vnni',
  'avx512_bf16',
  'avx512_fp16',
  'amx_tile',
  'amx_bf16',
  'asimd',
  'sve',
];
const FLAGS = [
  'TF_ENABLE_ONEDNN_OPTS',
  'ONEDNN_MAX_CPU_ISA',
  'DNNL_MAX_CPU_ISA',
  'ONEDNN_DEFAULT_FPMATH_MODE',
  'TF_DETERMINISTIC_OPS',
  'TF_CUDNN_DETERMINISTIC',
  'NVIDIA_TF32_OVERRIDE',
];

/** Facts that this function cannot read by itself. */
export interface FingerprintOf {
  readonly tensorflow: { readonly version: string; readonly id: string } | null;
  readonly threads: number | null;
  readonly device: string;
  /** Digest of the native kernels where they compute. */
  readonly kernels?: string | null;
  readonly env?: NodeJS.ProcessEnv;
  /** Text of /proc/cpuinfo; read where not given. */
  readonly cpuinfo?: string;
}

/** The fingerprint of this host and process environment. */
export function fingerprint(of: FingerprintOf): Fingerprint {
  const env = of.env ?? process.env;
  const facts = {
    tensorflow: of.tensorflow === null ? null : { version: of.tensorflow.version, id: of.tensorflow.id },
    cpu: readCpu(of.cpuinfo ?? cpuinfo()),
    flags: Object.fromEntries(FLAGS.map((name) => [name, env[name] ?? ''])),
    threads: of.threads,
    device: of.device,
    platform: `${process.platform}-${process.arch}`,
    node: Number(process.versions.node.split('.')[0]),
    ...(of.kernels == null ? {} : { kernels: of.kernels }),
  };
  // The kernels' bits are those of every processor; of TensorFlow's nothing is left then.
  const { device, platform, node } = facts;
  const deciding = of.kernels == null ? facts : { kernels: of.kernels, device, platform, node };
  return { hash: createHash('sha256').update(JSON.stringify(deciding)).digest('hex').slice(0, 16), ...facts };
}

function readCpu(text: string): { model: string; features: string[] } {
  const field = (name: string): string =>
    new RegExp(`^${name}\\s*:\\s*(.+)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const present = new Set(`${field('flags')} ${field('Features')}`.split(/\s+/));
  return { model: field('model name'), features: FEATURES.filter((feature) => present.has(feature)) };
}

function cpuinfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return ''; // Not Linux: model and features stay empty.
  }
}
