/** What a search tells while it runs: one closed union, for programs and for the command line. */
import type { Front } from '../run/front.js';

/** What a run is at. */
export type RunPhase = 'preparing' | 'warm-up' | 'search' | 'evaluating' | 'done' | 'failed';

/** TensorFlow or nats-server are not there yet and are being brought: on the first run of a machine only. */
export interface ProvidingEvent {
  readonly kind: 'providing';
  /** One line for people. */
  readonly text: string;
  /** True for a line of the moment, as "41 of 274 MB", which the next one replaces. */
  readonly passing: boolean;
}

/** Scans are being made or read. */
export interface PreparingEvent {
  readonly kind: 'preparing';
  readonly what: 'phantoms' | 'decoding';
  /** Scans done, and all of them. */
  readonly done: number;
  readonly total: number;
}

/** The data are ready; the processes of the search start now. */
export interface PreparedEvent {
  readonly kind: 'prepared';
  /** Scans that were left out (`data.onBadScan: skip`), and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** What a person should know of the data, a line each: few scans, one slice a scan. */
  readonly remarks: readonly string[];
}

/** How far the search is; several a second at most. */
export interface StatusEvent {
  readonly kind: 'status';
  readonly phase: RunPhase;
  /** Epoch at work, from 1, and all epochs of the run; warm-up counts. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in this epoch, and all of it. */
  readonly step: number;
  readonly steps: number;
  /** Evaluations done in this epoch, and all of it; 0 of 0 while unknown. */
  readonly evaluated: number;
  readonly evaluations: number;
  /** Seconds until the run ends; null while it cannot be told. */
  readonly etaSeconds: number | null;
  /** Highest accuracy on D_val so far, 0…1; null before the first. */
  readonly bestAccuracy: number | null;
  /** Individuals on the front; 0 before the first selection. */
  readonly frontSize: number;
  readonly trainersAlive: number;
  /** Trainers that were asked for. */
  readonly trainers: number;
}

/** Something a person should know: a process that died and was started again, a remark on the data. */
export interface NoteEvent {
  readonly kind: 'note';
  readonly text: string;
}

/** The last event of a search that reached its end. */
export interface FinishedEvent {
  readonly kind: 'finished';
  readonly result: RunResult;
}

export type RunEvent =
  ProvidingEvent | PreparingEvent | PreparedEvent | StatusEvent | NoteEvent | FinishedEvent;

/** What a finished search leaves. */
export interface RunResult {
  /** Absolute path of the run folder. */
  readonly folder: string;
  /** The non-dominated individuals of the last epoch, as in `front.json`. */
  readonly front: Front;
  /** Absolute path of the report. */
  readonly report: string;
}
