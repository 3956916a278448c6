/**
 * A trainer's replica of the search's learned state: weights, batch-norm running statistics and
 * optimiser state, all flat fp32 host vectors. Every trainer holds one; all are equal bit for bit.
 *
 * The memory may be shared (SharedArrayBuffer): the bus thread applies commits to it, the TensorFlow
 * thread reads it. They never do so at the same time: a slot of step t + 1 starts after commit t.
 */
import { createHash } from 'node:crypto';
import type { Divide, SlotGradient } from '../gradient/sum.js';
import type { TensorLists } from '../space/tensors.js';
import type { LearningRateRule } from './learning-rate.js';
import { learningRateAt } from './learning-rate.js';
import type { OptimizerOptions } from './optimizer.js';
import { optimizerFloats } from './optimizer.js';
import type { LearnedState } from './snapshot.js';
import { decodeSnapshot, encodeSnapshot, HEADER_BYTES, SnapshotFormatError } from './snapshot.js';
import type { StepArithmetic } from './step-arithmetic.js';

/** Weight of a new batch in the running statistics (authors' code: momentum 0.1). */
const RUNNING_MOMENTUM = 0.1;

/** A committed slot: its path gradient, and the batch-norm statistics it saw. */
export interface SlotOutcome extends SlotGradient {
  /** Indices of the statistics tensors on the path, ascending, and their values one after the other. */
  readonly statisticTensors: readonly number[];
  readonly statistics: Float32Array;
}

type Remembered = Pick<OptimizerOptions, 'kind' | 'weightAverage'>;

/** Bytes of memory that a learned state takes. */
export function learnedBytes(layout: TensorLists, { kind, weightAverage }: Remembered): number {
  const { parameterCount, statisticCount, parameters } = layout;
  const optimizerCount = optimizerFloats(kind, parameterCount, parameters.length);
  const averageCount = weightAverage > 0 ? parameterCount : 0;
  return 4 * (parameterCount + statisticCount + optimizerCount + averageCount);
}

/** Bytes of a snapshot of it. */
export function snapshotBytes(layout: TensorLists, optimizer: Remembered): number {
  return HEADER_BYTES + learnedBytes(layout, optimizer);
}

/** The vectors of a learned state as views into memory `learnedBytes` long. */
export function learnedViews(
  layout: TensorLists,
  { kind, weightAverage }: Remembered,
  memory: ArrayBuffer | SharedArrayBuffer,
): LearnedState {
  const { parameterCount, statisticCount, parameters } = layout;
  const optimizerCount = optimizerFloats(kind, parameterCount, parameters.length);
  return {
    parameters: new Float32Array(memory, 0, parameterCount),
    statistics: new Float32Array(memory, 4 * parameterCount, statisticCount),
    optimizerState: new Float32Array(memory, 4 * (parameterCount + statisticCount), optimizerCount),
    average: new Float32Array(
      memory,
      4 * (parameterCount + statisticCount + optimizerCount),
      weightAverage > 0 ? parameterCount : 0,
    ),
  };
}

export interface ReplicaSetup {
  readonly layout: TensorLists;
  readonly optimizer: OptimizerOptions;
  readonly rate: LearningRateRule;
  readonly divide: Divide;
  readonly arithmetic: StepArithmetic;
  /** `learnedBytes` long, zeroed or filled already, perhaps by another thread. */
  readonly memory: ArrayBuffer | SharedArrayBuffer;
}

export class Replica {
  private readonly state: LearnedState;
  private readonly sum: Float32Array;
  /** Steps applied since the run began. */
  appliedStep = 0;

  constructor(private readonly setup: ReplicaSetup) {
    const { layout, optimizer, memory } = setup;
    this.state = learnedViews(layout, optimizer, memory);
    this.sum = new Float32Array(layout.parameterCount);
  }

  /** Applies one committed step; slots ascending, diverged ones with weight 0. */
  applyStep(slots: readonly SlotOutcome[]): void {
    const { optimizer, rate, divide, arithmetic } = this.setup;
    const { parameters, optimizerState } = this.state;
    const touched = arithmetic.sum(slots, this.sum, divide);
    arithmetic.move(
      { ...optimizer, learningRate: learningRateAt(rate, this.appliedStep) },
      { touched, values: this.sum },
      parameters,
      optimizerState,
    );
    for (const slot of slots) if (slot.weight > 0) this.blendStatistics(slot);
    this.appliedStep++;
    this.blendAverage(touched);
  }

  /** The first steps weigh more: an average that starts at random weights must forget them. */
  private blendAverage(touched: Uint8Array): void {
    const { layout, optimizer } = this.setup;
    const { average, parameters } = this.state;
    if (average.length === 0) return;
    const decay = Math.min(optimizer.weightAverage, this.appliedStep / (this.appliedStep + 10));
    layout.parameters.forEach(({ offset, size }, tensor) => {
      if (touched[tensor] === 0) return;
      for (let i = offset; i < offset + size; i++)
        average[i] = decay * average[i]! + (1 - decay) * parameters[i]!;
    });
  }

  private blendStatistics(slot: SlotOutcome): void {
    const { statistics } = this.state;
    let from = 0;
    for (const tensor of slot.statisticTensors) {
      const { offset, size } = this.setup.layout.statistics[tensor]!;
      for (let i = 0; i < size; i++) {
        statistics[offset + i] =
          (1 - RUNNING_MOMENTUM) * statistics[offset + i]! + RUNNING_MOMENTUM * slot.statistics[from + i]!;
      }
      from += size;
    }
  }

  /** The bytes of a snapshot. They share this replica's memory: write before the next step. */
  snapshotParts(): Uint8Array[] {
    const { layout, optimizer } = this.setup;
    return encodeSnapshot(layout, { ...this.state, optimizer: optimizer.kind, step: this.appliedStep });
  }

  /** SHA-256 in hex of the snapshot's bytes: equal replicas, equal digests. */
  digest(): string {
    const hash = createHash('sha256');
    for (const part of this.snapshotParts()) hash.update(part);
    return hash.digest('hex');
  }

  /** Takes over a snapshot's state. Errors: SnapshotFormatError when it is of another net or optimiser. */
  restore(bytes: Uint8Array): void {
    const { layout, optimizer } = this.setup;
    const snapshot = decodeSnapshot(layout, bytes);
    if (snapshot.optimizer !== optimizer.kind)
      throw new SnapshotFormatError(`the optimiser ${optimizer.kind}`, snapshot.optimizer);
    if (snapshot.average.length !== this.state.average.length)
      throw new SnapshotFormatError(
        `${this.state.average.length} averaged weights`,
        String(snapshot.average.length),
      );
    this.state.average.set(snapshot.average);
    this.state.parameters.set(snapshot.parameters);
    this.state.statistics.set(snapshot.statistics);
    this.state.optimizerState.set(snapshot.optimizerState);
    this.appliedStep = snapshot.step;
  }
}
