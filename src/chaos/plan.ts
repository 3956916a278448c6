/** What a chaos is asked to do, and what it tells. */
import type { FailingObjective } from './failing-objective.js';
import type { FaultKind, PlannedFault } from './faults.js';

export interface ChaosPlan {
  /** Arguments of `emars search`, without --out and --trainers. */
  readonly search: readonly string[];
  /** Of their configuration, as options of it. */
  readonly objectives: readonly object[];
  readonly trainers: number;
  readonly faults: readonly PlannedFault[];
  readonly seed: number;
  /** Folder for the runs of this chaos; made new. */
  readonly folder: string;
  readonly natsBinary: string;
  /** No fault is begun after so long, milliseconds. */
  readonly forMs: number;
  /** Put each search on file systems of its own, which can be full. Only where `ownMounts`. */
  readonly smallDisks: boolean;
}

/** Arguments of `emars search` for a search with this objective beside its own, without --out and --trainers. */
export function argumentsOf({ search, objectives }: ChaosPlan, failing: FailingObjective | null): string[] {
  return [...search, ...(failing?.settings(objectives) ?? [])];
}

export interface FaultRow {
  readonly number: number;
  readonly kind: FaultKind;
  readonly target: string;
  /** The search it happened to, from 1. */
  readonly search: number;
  /** Seconds until the run's record showed it; null where it never does: a stop, a disturbed link. */
  readonly detected: number | null;
  /** Seconds until the search went on, after the fault was over. */
  readonly recovered: number;
  /** Gradient slots computed again, and epochs begun again, until the next fault. */
  readonly repeatedSlots: number;
  readonly repeatedEpochs: number;
  readonly equal: boolean;
}

export interface ChaosTold {
  readonly say: (line: string) => void;
  readonly onRow: (row: FaultRow) => void;
}

/** A fault that was injected, before its search has ended. */
export type Struck = Omit<FaultRow, 'equal'>;
