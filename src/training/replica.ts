/**
 * A trainer's replica of the search's learned state: weights, batch-norm running statistics and
 * optimiser state, all flat fp32 host vectors. Every trainer holds one; all are equal bit for bit.
 *
 * The memory may be shared (SharedArrayBuffer): the bus thread applies commits to it, the TensorFlow
 * thread reads it. They never do so at the same time: a slot of step t + 1 starts after commit t.
 */
import { createHash } from 'node:crypto';
import { bytesOf } from '../gradient/chunks.js';
import type { SlotGradient } from '../gradient/sum.js';
import { sumSlots } from '../gradient/sum.js';
import type { SuperNetLayout } from '../space/layout.js';
import type { LearningRateRule } from './learning-rate.js';
import { learningRateAt } from './learning-rate.js';
import type { OptimizerOptions } from './optimizer.js';
import { optimizerFloats, optimizerStep } from './optimizer.js';

/** Weight of a new batch in the running statistics (authors' code: momentum 0.1). */
const RUNNING_MOMENTUM = 0.1;

/** A committed slot: its path gradient, and the batch-norm statistics it saw. */
export interface SlotOutcome extends SlotGradient {
  /** Indices of the statistics tensors on the path, ascending, and their values one after the other. */
  readonly statisticTensors: readonly number[];
  readonly statistics: Float32Array;
}

export class SnapshotFormatError extends Error {
  constructor(expected: string, got: string) {
    super(
      `expected a snapshot with ${expected}, got ${got}; the run folder does not belong to this configuration or is damaged`,
    );
    this.name = 'SnapshotFormatError';
  }
}

export class Replica {
  readonly parameters: Float32Array;
  readonly statistics: Float32Array;
  private readonly optimizerState: Float32Array;
  private readonly sum: Float32Array;
  /** Steps applied since the run began. */
  appliedStep = 0;

  /** `memory`: `replicaBytes` long, zeroed or filled by another thread's replica of the same memory. */
  constructor(
    private readonly layout: SuperNetLayout,
    private readonly options: OptimizerOptions,
    private readonly rate: LearningRateRule,
    memory: ArrayBuffer | SharedArrayBuffer,
  ) {
    const { parameterCount, statisticCount } = layout;
    this.parameters = new Float32Array(memory, 0, parameterCount);
    this.statistics = new Float32Array(memory, 4 * parameterCount, statisticCount);
    this.optimizerState = new Float32Array(
      memory,
      4 * (parameterCount + statisticCount),
      optimizerFloats(options.kind, parameterCount, layout.parameters.length),
    );
    this.sum = new Float32Array(parameterCount);
  }

  /** Fills the memory with initial weights and statistics (copied) and an optimiser that has seen nothing. */
  fill(parameters: Float32Array, statistics: Float32Array): void {
    this.parameters.set(parameters);
    this.statistics.set(statistics);
    this.optimizerState.fill(0);
  }

  /** Applies one committed step; slots ascending, diverged ones with weight 0. */
  applyStep(slots: readonly SlotOutcome[]): void {
    const touched = sumSlots(this.layout.parameters, slots, this.sum);
    optimizerStep(
      { ...this.options, learningRate: learningRateAt(this.rate, this.appliedStep) },
      this.layout.parameters,
      touched,
      this.sum,
      this.parameters,
      this.optimizerState,
    );
    for (const slot of slots) if (slot.weight > 0) this.blendStatistics(slot);
    this.appliedStep++;
  }

  private blendStatistics(slot: SlotOutcome): void {
    let from = 0;
    for (const tensor of slot.statisticTensors) {
      const { offset, size } = this.layout.statistics[tensor]!;
      for (let i = 0; i < size; i++) {
        this.statistics[offset + i] =
          (1 - RUNNING_MOMENTUM) * this.statistics[offset + i]! +
          RUNNING_MOMENTUM * slot.statistics[from + i]!;
      }
      from += size;
    }
  }

  /** The bytes of a snapshot: header, then the vectors. They share this replica's memory: write before the next step. */
  snapshotParts(): Uint8Array[] {
    return [
      this.header(this.appliedStep),
      ...[this.parameters, this.statistics, this.optimizerState].map(bytesOf),
    ];
  }

  /** SHA-256 in hex of the snapshot's bytes: equal replicas, equal digests. */
  digest(): string {
    const hash = createHash('sha256');
    for (const part of this.snapshotParts()) hash.update(part);
    return hash.digest('hex');
  }

  /** Takes over a snapshot's state. Errors: SnapshotFormatError when it is of another net or optimiser. */
  restore(snapshot: Uint8Array): void {
    const line = Buffer.from(snapshot.buffer, snapshot.byteOffset, Math.min(HEADER_BYTES, snapshot.length))
      .toString('latin1')
      .trimEnd();
    const step = Number(/"step":(\d+)\}$/.exec(line)?.[1] ?? NaN);
    if (!Number.isInteger(step) || line !== Buffer.from(this.header(step)).toString('latin1').trimEnd()) {
      throw new SnapshotFormatError(
        Buffer.from(this.header(0)).toString('latin1').trimEnd(),
        line.slice(0, HEADER_BYTES),
      );
    }
    const vectors = [this.parameters, this.statistics, this.optimizerState].map(bytesOf);
    const length = HEADER_BYTES + vectors.reduce((sum, bytes) => sum + bytes.length, 0);
    if (snapshot.length !== length)
      throw new SnapshotFormatError(`${length} bytes`, `${snapshot.length} bytes`);
    let from = HEADER_BYTES;
    for (const bytes of vectors) {
      bytes.set(snapshot.subarray(from, from + bytes.length));
      from += bytes.length;
    }
    this.appliedStep = step;
  }

  /** One line of JSON, padded with spaces to a fixed length. */
  private header(step: number): Uint8Array {
    const { parameterCount, statisticCount } = this.layout;
    const text = JSON.stringify({
      format: 1,
      parameters: parameterCount,
      statistics: statisticCount,
      optimizer: this.options.kind,
      layout: layoutDigest(this.layout),
      step,
    });
    return Buffer.from(text.padEnd(HEADER_BYTES - 1) + '\n', 'latin1');
  }
}

const HEADER_BYTES = 256;

/** Names and shapes of all tensors, condensed: tells nets of equal size apart. */
function layoutDigest(layout: SuperNetLayout): string {
  const names = [...layout.parameters, ...layout.statistics].map(
    ({ name, shape }) => `${name}[${shape.join(',')}]`,
  );
  return createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 16);
}

/** Bytes of memory a replica needs. */
export function replicaBytes(layout: SuperNetLayout, kind: OptimizerOptions['kind']): number {
  return (
    4 *
    (layout.parameterCount +
      layout.statisticCount +
      optimizerFloats(kind, layout.parameterCount, layout.parameters.length))
  );
}
