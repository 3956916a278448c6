/** The closed unions at the border of the trainer machine: what comes in, and what it has done for it. */
import type { SlotLease } from '../../search/step-ledger.js';
import type { Message } from '../../wire/messages.js';
import type { Received } from '../step.js';
import type { StateCopy } from './state-transfer.js';

/** A committed slot, ready to be applied: the vector is null where it diverged (weight 0). */
export interface AppliedSlot {
  readonly slot: number;
  readonly genome: readonly string[];
  /** Gradient of the path, then its batch-norm statistics. Not to be changed. */
  readonly vector: Float32Array | null;
}

/**
 * Work on the replica, one command at a time; each ends in the input named beside it. Whatever ends
 * with a `failure` could not be done by this process: it ends, and is started again.
 */
export type ReplicaCommand =
  /** Take over the weights an epoch starts from, know its individuals; `epoch-loaded`. */
  | {
      readonly kind: 'load-epoch';
      readonly fence: number;
      readonly epoch: number;
      readonly plan: EpochPlan;
      /** The replica holds these weights already: it trained them. */
      readonly reuse: boolean;
    }
  /** Take over the learned state after `step` steps in mid-epoch, know the individuals; `epoch-loaded`. */
  | {
      readonly kind: 'join-epoch';
      readonly fence: number;
      readonly epoch: number;
      readonly plan: EpochPlan;
      readonly step: number;
      /** The bytes of a snapshot, handed over. */
      readonly words: Float32Array;
    }
  /** Compute the gradient of a slot on the weights as they are; `slot-computed`. */
  | {
      readonly kind: 'compute';
      readonly epoch: number;
      readonly step: number;
      readonly stepInEpoch: number;
      readonly lease: SlotLease;
      readonly genome: readonly string[];
      /** Only its digest is wanted: another trainer holds the lease. */
      readonly isCheck: boolean;
    }
  /** Sum the slots in their order and move the weights; `applied`. `digest`: and tell what they are then. */
  | {
      readonly kind: 'apply';
      readonly step: number;
      readonly slots: readonly AppliedSlot[];
      readonly digest: boolean;
    }
  /** Digest of weights, statistics and optimiser state; `digested`. */
  | { readonly kind: 'digest'; readonly epoch: number }
  /** Write the snapshot, which must come to `sha256`; `snapshot-written`. */
  | { readonly kind: 'write-snapshot'; readonly epoch: number; readonly sha256: string };

export type TrainerCommand =
  | ReplicaCommand
  /**
   * Copy the learned state while nothing moves it, beside the command under way; `state-copied` with the
   * step that it is of.
   */
  | { readonly kind: 'copy-state'; readonly step: number }
  /** Take no more evaluations; `evaluations-paused` when the one under way is done. */
  | { readonly kind: 'pause-evaluations' }
  | { readonly kind: 'resume-evaluations' }
  /** This process cannot go on: it ends with the reason, and is started again. */
  | { readonly kind: 'fail'; readonly reason: string };

export type TrainerInput =
  | Received<'Directive' | 'GradientChunk' | 'Credit' | 'ChunkRequest' | 'StateRequest' | 'StateChunk'>
  /** The run takes this trainer, under this fence. Comes again with each new fence. */
  | { readonly kind: 'welcomed'; readonly fence: number }
  /** `lengths`: floats of the slot vector of each genome. `error`: why this epoch cannot be trained here. */
  | { readonly kind: 'epoch-loaded'; readonly lengths: readonly number[]; readonly error: null }
  | { readonly kind: 'epoch-loaded'; readonly error: string }
  /** `vector`: its own memory, handed over. `bad`: why it is no gradient. */
  | { readonly kind: 'slot-computed'; readonly vector: Float32Array }
  | { readonly kind: 'slot-computed'; readonly bad: string }
  | { readonly kind: 'slot-computed'; readonly failure: string }
  | { readonly kind: 'applied'; readonly digest: string | null; readonly failure: string | null }
  | { readonly kind: 'digested'; readonly sha256: string }
  | { readonly kind: 'snapshot-written'; readonly error: string | null }
  | { readonly kind: 'state-copied'; readonly copy: StateCopy }
  | { readonly kind: 'evaluations-paused' }
  | { readonly kind: 'tick' };

export type Directive = Message<'Directive'>;
export type EpochPlan = NonNullable<Directive['plan']>;
export type StepPlan = NonNullable<Directive['step']>;
export type EpochEnd = NonNullable<Directive['end']>;
export type StepCommit = NonNullable<StepPlan['commit']>;
