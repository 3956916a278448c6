/**
 * The snapshot format: what a search has learned after some step, as bytes.
 *
 *   header       256 bytes: one line of JSON, padded with spaces, ended by a newline
 *   parameters   fp32, little-endian, as the SuperNet's layout orders them
 *   statistics   fp32, batch-norm running means and variances
 *   optimiser    fp32, see `optimizerFloats`
 *   average      fp32, moving average of the parameters; only in runs that keep one
 *
 * Its file is named by the SHA-256 of its bytes; equal replicas have equal snapshots.
 */
import { EmarsError } from '../errors/error.js';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { bytesOf } from '../gradient/chunks.js';
import type { TensorLists } from '../space/tensors.js';
import { optimizerFloats, optimizerKinds } from './optimizer.js';
import type { OptimizerKind } from './optimizer.js';

/** The SuperNet's weights, shared by all paths. Flat fp32 vectors in the order of the layout. */
export interface SharedWeights {
  readonly parameters: Float32Array;
  /** Batch-norm running statistics. */
  readonly statistics: Float32Array;
}

/** All that training needs to go on. */
export interface LearnedState extends SharedWeights {
  readonly optimizerState: Float32Array;
  /** Moving average of the parameters, as long as they are; empty in a run that keeps none. */
  readonly average: Float32Array;
}

export interface Snapshot extends LearnedState {
  readonly optimizer: OptimizerKind;
  /** Steps applied since the run began. */
  readonly step: number;
}

/** Bytes that are no snapshot of this net and optimiser. */
export class SnapshotFormatError extends EmarsError {
  override readonly name = 'SnapshotFormatError';
  readonly kind = 'damaged';
  constructor(
    readonly expected: string,
    readonly got: string,
  ) {
    super(
      `expected a snapshot with ${expected}, got ${got}; ` +
        'the run folder does not belong to this configuration or is damaged',
    );
  }
}

/** Bytes before the vectors. */
export const HEADER_BYTES = 256;

const header = z.object({
  format: z.literal(1),
  parameters: z.number(),
  statistics: z.number(),
  optimizer: z.enum(optimizerKinds),
  average: z.literal(true).optional(),
  layout: z.string(),
  step: z.number().int().min(0),
});

/** The bytes of a snapshot in pieces that share the state's memory: write them before it changes. */
export function encodeSnapshot(layout: TensorLists, snapshot: Snapshot): Uint8Array[] {
  const { parameters, statistics, optimizerState, average, optimizer, step } = snapshot;
  const line = headerLine(layout, { optimizer, averaged: average.length > 0, step });
  return [
    Buffer.from(line.padEnd(HEADER_BYTES - 1) + '\n', 'latin1'),
    ...[parameters, statistics, optimizerState, average].map(bytesOf),
  ];
}

/** A snapshot of the layout; its vectors are the caller's. Errors: SnapshotFormatError. */
export function decodeSnapshot(layout: TensorLists, bytes: Uint8Array): Snapshot {
  const { optimizer, average, step } = readHeader(layout, bytes);
  const { parameterCount, statisticCount, parameters } = layout;
  const optimizerCount = optimizerFloats(optimizer, parameterCount, parameters.length);
  return {
    parameters: floats(bytes, 0, parameterCount),
    statistics: floats(bytes, parameterCount, statisticCount),
    optimizerState: floats(bytes, parameterCount + statisticCount, optimizerCount),
    average: floats(
      bytes,
      parameterCount + statisticCount + optimizerCount,
      average === true ? parameterCount : 0,
    ),
    optimizer,
    step,
  };
}

/**
 * The weights of a snapshot that predict: the moving average where one is kept. Errors: SnapshotFormatError.
 */
export function decodeWeights(layout: TensorLists, bytes: Uint8Array): SharedWeights {
  const { parameters, statistics, average } = decodeSnapshot(layout, bytes);
  return { parameters: average.length > 0 ? average : parameters, statistics };
}

interface Facts {
  readonly optimizer: OptimizerKind;
  readonly averaged: boolean;
  readonly step: number;
}

function headerLine(layout: TensorLists, { optimizer, averaged, step }: Facts): string {
  return JSON.stringify({
    format: 1,
    parameters: layout.parameterCount,
    statistics: layout.statisticCount,
    optimizer,
    ...(averaged ? { average: true as const } : {}),
    layout: layoutDigest(layout),
    step,
  } satisfies z.infer<typeof header>);
}

/** The header of a snapshot that is as long as it says. */
function readHeader(layout: TensorLists, bytes: Uint8Array): z.infer<typeof header> {
  const line = Buffer.from(bytes.subarray(0, HEADER_BYTES)).toString('latin1').trimEnd();
  const read = header.safeParse(parsed(line));
  const expected = read.success
    ? headerLine(layout, { ...read.data, averaged: read.data.average === true })
    : null;
  if (!read.success || line !== expected)
    throw new SnapshotFormatError(
      `the header ${expected ?? headerLine(layout, { optimizer: 'sgd', averaged: false, step: 0 })}`,
      JSON.stringify(line.trimEnd()),
    );
  const { parameterCount, statisticCount, parameters } = layout;
  const optimizerCount = optimizerFloats(read.data.optimizer, parameterCount, parameters.length);
  const averageCount = read.data.average === true ? parameterCount : 0;
  const length = HEADER_BYTES + 4 * (parameterCount + statisticCount + optimizerCount + averageCount);
  if (bytes.length !== length) throw new SnapshotFormatError(`${length} bytes`, `${bytes.length} bytes`);
  return read.data;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** `count` floats from the `from`th after the header, copied: bytes of a file are aligned to nothing. */
function floats(bytes: Uint8Array, from: number, count: number): Float32Array {
  const values = new Float32Array(count);
  const start = HEADER_BYTES + 4 * from;
  bytesOf(values).set(bytes.subarray(start, start + 4 * count));
  return values;
}

/** Names and shapes of all tensors, condensed: tells nets of equal size apart. */
function layoutDigest(layout: TensorLists): string {
  const names = [...layout.parameters, ...layout.statistics].map(
    ({ name, shape }) => `${name}[${shape.join(',')}]`,
  );
  return createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 16);
}
