/** The state of training an epoch, as the evolution actor sees it. Transitions: training.ts. */
import { IdMap } from '../../search/id-map.js';
import type { SlotChecks } from '../../search/double-check.js';
import type { StepLedger } from '../../search/step-ledger.js';
import type { Draft } from '../../wire/messages.js';
import type { Paces } from './pace.js';

export interface TrainingTiming {
  /** Shortest lease of a slot. */
  readonly leaseMs: number;
  /** How long a restarted actor waits, at most, for a trainer that stands where the journal ends. */
  readonly adoptMs: number;
  /** A directive that is not answered is sent again after so long; later on, after a share of the wait so far. */
  readonly repeatMs: number;
  /** A member that beats but reports nothing of a step for so long is lost for the epoch. */
  readonly mutedMs: number;
  /** The same while it prepares or ends an epoch: there it reads or writes a snapshot. */
  readonly boundaryMs: number;
}

export type TrainingStage =
  | { readonly name: 'idle' }
  /** `expected`: with so many trainers here there is nobody left to wait for; 0: nobody knows how many. */
  | { readonly name: 'adopting'; readonly since: number; readonly expected: number }
  | { readonly name: 'restoring'; readonly isRead: boolean }
  | { readonly name: 'preparing'; readonly ready: ReadonlySet<string> }
  | {
      readonly name: 'stepping';
      readonly ledger: StepLedger;
      /** Slots that are computed twice. */
      readonly checks: SlotChecks;
      /** When the leases at work were given, and how often they ran out. */
      readonly leasedAt: number;
      readonly expiries: number;
      readonly startedAt: number;
    }
  | Ending
  | { readonly name: 'verifying'; readonly sha256: string; readonly writer: string };

export interface Ending {
  readonly name: 'ending';
  /** Who writes the snapshot. */
  readonly writer: string;
  readonly trained: ReadonlyMap<string, { readonly sha256: string; readonly written: boolean }>;
}

/** A directive, and what it was made of: the same again where nothing of that has changed. */
export interface Told {
  readonly directive: Draft<'Directive'>;
  readonly parts: readonly unknown[];
}

export interface Training {
  readonly stage: TrainingStage;
  /** The search is to stop after the step at work. */
  readonly draining: boolean;
  /** Trainers whose replicas count in this step, ids ascending. */
  readonly members: readonly string[];
  /** Members that do not hold the learned state yet: they take it over from the others. */
  readonly joining: ReadonlySet<string>;
  /** Trainers that came in mid-epoch, and trainers that want to go: both wait for the next step. */
  readonly waiting: ReadonlySet<string>;
  readonly leaving: ReadonlySet<string>;
  /** When each member was last heard to say something of the epoch. */
  readonly reportedAt: IdMap<number>;
  /** Digest of a replica after so many steps, by the first who named it. */
  readonly digests: ReadonlyMap<number, string>;
  /** The directive that was last sent; since when it is this one. */
  readonly told: Told | null;
  readonly toldSince: number;
  readonly sentAt: number;
  /** Measured length of a step, smoothed; 0 before the first. */
  readonly stepMs: number;
  /** How long each trainer takes for its slots of a step. */
  readonly paces: Paces;
  /** Number of the next attempt under this fence. */
  readonly nextNumber: number;
}

export const idleTraining: Training = {
  stage: { name: 'idle' },
  draining: false,
  members: [],
  joining: new Set(),
  waiting: new Set(),
  leaving: new Set(),
  reportedAt: IdMap.byName(),
  digests: new Map(),
  told: null,
  toldSince: -Infinity,
  sentAt: -Infinity,
  stepMs: 0,
  paces: new Map(),
  nextNumber: 1,
};
