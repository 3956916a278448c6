/** What a trainer is set up with. The numbers are set where processes are wired; simulations use small ones. */
import type { ReplicaCommand } from './commands.js';

export interface ExchangeSetup {
  /** Bytes of a chunk, a multiple of 4; the same for all trainers of a run. */
  readonly chunkBytes: number;
  /** Bytes a sender may have on their way to its slowest receiver: far below what makes a broker cut it off. */
  readonly windowBytes: number;
  /** A receiver says how far it is after so many bytes; well below the window. */
  readonly creditBytes: number;
  /** The longest wait for credit: it may have been lost, and a broker holds several windows. */
  readonly creditMs: number;
  /** A vector that stands still for so long is asked for. */
  readonly chaseMs: number;
}

export interface TrainerSetup {
  readonly id: string;
  readonly individualsPerStep: number;
  /** Slots of an individual in a step. */
  readonly microBatches: number;
  /** Steps between two comparisons of the replicas. */
  readonly checkDigestEvery: number;
  readonly exchange: ExchangeSetup;
  /** Size of the learned state, the bytes of a snapshot, in words of 4 bytes. */
  readonly stateWords: number;
  /** A commit whose slots do not come within this time cannot be applied any more. */
  readonly behindMs: number;
  /** What takes longer hangs: the process ends. */
  readonly deadlines: Readonly<Record<ReplicaCommand['kind'], number>>;
}
