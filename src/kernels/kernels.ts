/**
 * The native kernels: a path's gradient, its logits and its batch statistics, each in one call that returns
 * when all is computed. No TensorFlow. What they compute is what the composed form of the rooms `tensor` and
 * `network` computes, within rounding; the bits are the same on every x86-64 processor and for any number of threads.
 */
import { createRequire } from 'node:module';
import { EmarsError } from '../errors/error.js';
import type { Path } from '../space/path.js';
import type { TensorLists } from '../space/tensors.js';
import { planOf } from './plan.js';

/** A path with the weights it takes its own from. */
export interface KernelSubject {
  readonly net: { readonly layout: TensorLists };
  readonly path: Path;
  /** The net's whole flat vector, shared memory included; only read. */
  readonly parameters: Float32Array;
}

/** Scans `[scans, depth, height, width]`, one channel, row-major. */
export interface KernelImages {
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/** The other side of the cross-entropy, and dropout. */
export interface KernelLoss {
  /** A probability a class, `[scans, classes]`. */
  readonly targets: Float32Array;
  /** `[scans]`. */
  readonly weights: Float32Array;
  /** `[scans, classifier inputs]` of 0 and 1/keep; null: no dropout. */
  readonly mask: Float32Array | null;
}

/** Functions of the addon, as native/addon.cc exports them. */
interface Addon {
  gradient(
    ...all: readonly [
      plan: Int32Array,
      parameters: Float32Array,
      images: Float32Array,
      shape: Int32Array,
      targets: Float32Array,
      weights: Float32Array,
      mask: Float32Array | null,
      vector: Float32Array,
    ]
  ): [loss: number, firstBad: number];
  batchForward(...all: readonly [...Forward, Float32Array | null, Float32Array | null]): void;
  fixedForward(...all: readonly [...Forward, Float32Array, Float32Array]): void;
  useInstructions(name: string): boolean;
  useThreads(count: number): void;
}

type Forward = readonly [plan: Int32Array, parameters: Float32Array, images: Float32Array, shape: Int32Array];

/** The addon does not load, or lacks the instructions that were asked for. */
export class KernelsError extends EmarsError {
  override readonly name = 'KernelsError';
  readonly kind = 'environment';
  constructor(
    message: string,
    override readonly cause?: unknown,
  ) {
    super(message);
  }
}

/** `avx512`, `avx2` or `plain`: keeps the kernels to these instructions. The bits are the same. */
const INSTRUCTIONS = 'EMARS_INSTRUCTIONS';

/** Scans that go through the network together in evaluation: enough rows, and all maps in the cache. */
const GROUP = 4;

/**
 * Loads the addon at `path`. Calls from the thread that loads it share their work among `threads` threads, 1 to 256,
 * itself among them; who loads it again from there changes their number. Errors: KernelsError.
 */
export function loadKernels(path: string, threads = 1, env: NodeJS.ProcessEnv = process.env): Kernels {
  let addon: Addon;
  try {
    addon = createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw new KernelsError(
      `expected the native kernels to load, got: ${reason} Run "npm run setup", or set engine.native: off.`,
      cause,
    );
  }
  const wanted = env[INSTRUCTIONS] ?? '';
  if (wanted !== '' && !addon.useInstructions(wanted))
    throw new KernelsError(
      `expected ${INSTRUCTIONS} to be avx512, avx2 or plain, and this processor to have it, got "${wanted}"`,
    );
  addon.useThreads(threads);
  return new Kernels(addon);
}

export class Kernels {
  constructor(private readonly addon: Addon) {}

  /**
   * Loss of a batch, and into `vector` (at least `path.vectorLength` long) the gradient and then the batch
   * statistics of the path. `firstBad` is the position of the first value that is not finite, -1 without.
   * Errors: RangeError for sizes that do not fit.
   */
  gradient(
    subject: KernelSubject,
    { images, shape }: KernelImages,
    { targets, weights, mask }: KernelLoss,
    vector: Float32Array,
  ): { readonly loss: number; readonly firstBad: number } {
    const { net, path, parameters } = subject;
    const [loss, firstBad] = this.addon.gradient(
      planOf(net.layout, path),
      parameters,
      images,
      Int32Array.from(shape),
      targets,
      weights,
      mask,
      vector,
    );
    return { loss, firstBad };
  }

  /** Mean and unbiased variance of each batch norm on a batch, `[path.statisticCount]`; the caller's. */
  batchStatistics(subject: KernelSubject, batch: KernelImages): Float32Array {
    const statistics = new Float32Array(subject.path.statisticCount);
    this.addon.batchForward(...forward(subject, batch), statistics, null);
    return statistics;
  }

  /** Logits `[scans, classes]`, normalised by the batch itself; the caller's. */
  batchLogits(subject: KernelSubject, batch: KernelImages): Float32Array {
    const logits = new Float32Array(batch.shape[0] * subject.path.classifier.outputs);
    this.addon.batchForward(...forward(subject, batch), null, logits);
    return logits;
  }

  /**
   * Logits `[scans, classes]` with fixed statistics `[path.statisticCount]`; the caller's. A scan's bits
   * depend on the scan alone, not on its neighbours or their number.
   */
  logits(subject: KernelSubject, statistics: Float32Array, { images, shape }: KernelImages): Float32Array {
    const [scans, ...scan] = shape;
    const classes = subject.path.classifier.outputs;
    const floats = scan.reduce((product, extent) => product * extent, 1);
    const logits = new Float32Array(scans * classes);
    for (let from = 0; from < scans; from += GROUP) {
      const end = Math.min(from + GROUP, scans);
      const group = {
        images: images.subarray(from * floats, end * floats),
        shape: [end - from, ...scan] as const,
      };
      this.addon.fixedForward(
        ...forward(subject, group),
        statistics,
        logits.subarray(from * classes, end * classes),
      );
    }
    return logits;
  }
}

function forward({ net, path, parameters }: KernelSubject, { images, shape }: KernelImages): Forward {
  return [planOf(net.layout, path), parameters, images, Int32Array.from(shape)];
}
