/** The closed unions at the border of the evolution machine: what comes in, and what it has done for it. */
import type { Genome } from '../../space/genome.js';
import type { Message } from '../../wire/messages.js';
import type { Received } from '../step.js';

/** What an objective that needs no weights is measured on. */
export interface LocalSubject {
  readonly genome: Genome;
  /** (epoch, validation accuracy), ascending. */
  readonly history: readonly (readonly [number, number])[];
}

/** One evaluation: of which individual, by which objective. */
export interface LocalMeasurement {
  /** Fence it was asked for under: an epoch that is trained again is measured again. */
  readonly fence: number;
  readonly epoch: number;
  readonly individual: string;
  readonly objective: string;
}

export type Outcome =
  | { readonly value: number; readonly defined: boolean }
  /** Why there is no value. */
  | { readonly failure: string };

export type EvolutionCommand =
  /** A line for the log. */
  | { readonly kind: 'say'; readonly line: string }
  /**
   * Read a snapshot whole and compare its digest; ends in `snapshot-checked`. Where it is not there, as its writer is
   * on another host, it is taken from one of the `holders` first; null: nobody holds it.
   */
  | { readonly kind: 'check-snapshot'; readonly sha256: string; readonly holders: StateHolders | null }
  /** Remove every other snapshot. */
  | { readonly kind: 'keep-snapshots'; readonly sha256s: readonly string[] }
  /** Declare the work queue if it is gone and remove all that is on it; ends in `queue-emptied` or `queue-failed`. */
  | { readonly kind: 'empty-queue' }
  /** Put requests on the work queue; ends in `enqueued` or `queue-failed`. */
  | { readonly kind: 'enqueue'; readonly requests: readonly QueuedRequest[] }
  /** Measure an objective of genome or history; ends in `measured`. */
  | { readonly kind: 'measure'; readonly key: LocalMeasurement; readonly subject: LocalSubject }
  /** Write history and front of the search as it is now; ends in `results-written`. */
  | { readonly kind: 'write-results'; readonly epoch: number }
  /** The search is over and its results are written; or it has stopped as it was told to, and can be resumed. */
  | { readonly kind: 'finish'; readonly end: 'done' | 'drained' }
  /** The search cannot go on; the run folder holds all that was done. `damaged`: it cannot be read. */
  | { readonly kind: 'stop'; readonly reason: string; readonly damaged: boolean };

/** Trainers that hold the learned state after so many steps. */
export interface StateHolders {
  readonly fence: number;
  readonly step: number;
  readonly trainers: readonly string[];
}

/** A request with the id under which the broker drops repetitions. */
export interface QueuedRequest {
  readonly id: string;
  readonly request: Message<'EvaluationRequest'>;
}

export type EvolutionInput =
  /** Once, after the journal was folded and every subscription stands. */
  | { readonly kind: 'started' }
  | Received<
      'Hello' | 'Heartbeat' | 'Leave' | 'EpochReady' | 'SlotsHeld' | 'EpochTrained' | 'EvaluationResult'
    >
  | Received<'ObjectiveHello' | 'ObjectiveLeave' | 'MeasureResult'>
  /** Our own roll call came back: the bus carries messages. */
  | { readonly kind: 'roll-call-echoed' }
  | { readonly kind: 'reconnected' }
  /** Stop after the step at work, its weights written. May come again and again. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'tick'; readonly connected: boolean }
  | { readonly kind: 'snapshot-checked'; readonly sha256: string; readonly problem: string | null }
  | { readonly kind: 'queue-emptied' }
  | { readonly kind: 'enqueued' }
  | { readonly kind: 'queue-failed'; readonly reason: string }
  | { readonly kind: 'measured'; readonly key: LocalMeasurement; readonly outcome: Outcome }
  | { readonly kind: 'results-written'; readonly epoch: number };
