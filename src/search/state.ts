/** The state of a search: plain data, a fold over its events (paper Alg. 1). */
import type { Direction, SelectorName } from '../evolution/selector.js';
import type { Genome } from '../space/genome.js';
import type { SearchSpace } from '../space/space.js';
import type { VariationOptions } from '../space/variation.js';
import type { CommittedSlot } from './events.js';
import { IdMap } from './id-map.js';

export interface ObjectiveRule {
  readonly name: string;
  readonly direction: Direction;
  readonly unit: string;
  /** What a measurement needs: decides who measures. */
  readonly needs: 'genome' | 'history' | 'weights';
  /** False for accuracy where it is only measured (potential needs it) and nothing is selected by it. */
  readonly selects: boolean;
  /** A module of the user, which is done without once it fails again and again. */
  readonly isOwn?: boolean;
}

export interface SearchRules {
  readonly seed: number;
  readonly space: SearchSpace;
  /**
   * The networks of a retraining, each once, in place of a population: none is drawn or bred, all live
   * through all epochs. Null: a search.
   */
  readonly cohort: readonly Genome[] | null;
  /** W: epochs in which every mini-batch trains freshly drawn individuals. */
  readonly warmupEpochs: number;
  /** Warm-up individuals that are validated: the last so many drawn; null: all. */
  readonly warmupCandidates: number | null;
  /** Epochs after the warm-up. */
  readonly epochs: number;
  /** P. */
  readonly population: number;
  /** K. */
  readonly keep: number;
  readonly variation: VariationOptions;
  readonly selector: SelectorName;
  /** Das–Dennis partitions; null: the smallest with at least K directions. */
  readonly partitions: number | null;
  readonly objectives: readonly ObjectiveRule[];
  /** Mini-batches of an epoch: the training scans, a last partial batch left out. */
  readonly stepsPerEpoch: number;
  /** B: individuals of a step. */
  readonly individualsPerStep: number;
  /** Pieces a mini-batch is cut into. */
  readonly microBatches: number;
}

/** Everything known of one genotype; kept when it leaves the population. */
export interface Individual {
  readonly id: string;
  readonly genome: Genome;
  /** (epoch, validation accuracy), ascending: what potential is fitted to. */
  readonly history: readonly (readonly [number, number])[];
  /** Mini-batches it was trained on. */
  readonly trained: number;
  /** Steps in which its gradient was no number, twice. */
  readonly diverged: number;
}

/** What an epoch trains: `schedule[step][b]` is a position in `individuals`. */
export interface EpochPlan {
  readonly epoch: number;
  readonly kind: 'warm-up' | 'search';
  readonly firstStep: number;
  readonly individuals: readonly { readonly id: string; readonly genome: Genome }[];
  readonly schedule: readonly (readonly number[])[];
}

export interface Measurement {
  readonly value?: number;
  readonly defined?: boolean;
  readonly confusion?: readonly number[];
  /** Why there is no value. Never a default score. */
  readonly failure?: string;
}

/** Values of one individual in one epoch, as they will stand in the history. */
export interface EpochRow {
  readonly epoch: number;
  readonly id: string;
  readonly genome: Genome;
  readonly trained: number;
  readonly measurements: Readonly<Record<string, Measurement>>;
  readonly selected: boolean;
}

/** An objective that joined the running search. */
export interface JoinedObjective {
  readonly rule: ObjectiveRule;
  /** The first epoch that measures it. */
  readonly since: number;
  /** The first epoch that does without it, and why; null while it takes part. */
  readonly left: { readonly epoch: number; readonly reason: string } | null;
  /** Measurements that failed in a row, over individuals and epochs. */
  readonly failures: number;
}

/** The epoch of a retraining whose weights are kept. */
export interface ChosenEpoch {
  readonly epoch: number;
  readonly sha256: string;
  /** Of the best network of that epoch, by the first objective that decides. */
  readonly individual: string;
  readonly value: number;
}

export interface SearchState {
  readonly phase: 'new' | 'planning' | 'training' | 'evaluating' | 'selecting' | 'finishing' | 'done';
  /** Id of the run, and the digest of its options; null before it is started. */
  readonly run: string | null;
  readonly optionsHash: string | null;
  readonly fence: number;
  readonly numerics: { readonly fingerprint: string; readonly canary: string } | null;
  /** Objectives that joined, in the order of their joining; those that left stay listed. */
  readonly joined: readonly JoinedObjective[];
  /** Objectives of the configuration that are done without: from which epoch on, and why. */
  readonly dismissed: ReadonlyMap<string, { readonly epoch: number; readonly reason: string }>;
  /** Of objectives that are modules of the user: measurements that failed in a row, up to the epoch before. */
  readonly failing: ReadonlyMap<string, number>;
  /** Trainers that computed wrongly, and how that was seen; none of them takes part any more. */
  readonly quarantined: ReadonlyMap<string, string>;
  /** Epoch at work, from 1; warm-up epochs first. */
  readonly epoch: number;
  /** Steps committed since the run began. */
  readonly step: number;
  readonly plan: EpochPlan | null;
  /** The last committed step of the epoch at work; repeated to trainers until it is surely applied. */
  readonly lastCommit: readonly CommittedSlot[] | null;
  /** Snapshot the epoch at work started from; null: initial weights. */
  readonly snapshot: string | null;
  /** The learned state in the midst of the epoch at work, after so many steps of the run; null: not written. */
  readonly saved: { readonly step: number; readonly sha256: string } | null;
  /** Snapshot the open evaluations are measured on; null before the first trained epoch. */
  readonly trainedSnapshot: string | null;
  /** Ids in breeding order: survivors, then offspring. Empty during the warm-up. */
  readonly population: readonly string[];
  readonly individuals: IdMap<Individual>;
  /** Ids under evaluation this epoch, in a fixed order. */
  readonly evaluees: readonly string[];
  /** Measurements of this epoch by individual and objective. */
  readonly measured: IdMap<Readonly<Record<string, Measurement>>>;
  /** (step, individual) pairs scheduled since the warm-up: rotates differences of one batch. */
  readonly rotation: number;
  /** Distinct warm-up draws, oldest first. */
  readonly drawn: readonly string[];
  readonly history: readonly EpochRow[];
  /** Ids of the non-dominated set of the last evaluated epoch's population. */
  readonly front: readonly string[];
  /** Of a cohort: the best epoch so far, of equal ones the last. Null in a search, or where nothing was measured. */
  readonly chosen: ChosenEpoch | null;
  readonly rollbacks: number;
  /** The state before the epoch at work was planned: where a rollback returns to. */
  readonly checkpoint: SearchState | null;
}

export function initialState(): SearchState {
  return {
    phase: 'new',
    run: null,
    optionsHash: null,
    fence: 0,
    numerics: null,
    joined: [],
    dismissed: new Map(),
    failing: new Map(),
    quarantined: new Map(),
    epoch: 0,
    step: 0,
    plan: null,
    lastCommit: null,
    snapshot: null,
    saved: null,
    trainedSnapshot: null,
    population: [],
    individuals: IdMap.empty(),
    evaluees: [],
    measured: IdMap.empty(),
    rotation: 0,
    drawn: [],
    history: [],
    front: [],
    chosen: null,
    rollbacks: 0,
    checkpoint: null,
  };
}

/** Snapshots that a search may still need, each once: all others can be removed. */
export function snapshotsInUse({ snapshot, saved, trainedSnapshot, chosen }: SearchState): string[] {
  const named = new Set([snapshot, saved?.sha256 ?? null, trainedSnapshot, chosen?.sha256 ?? null]);
  return [...named].filter((each) => each !== null);
}

/**
 * The snapshot (null: initial weights) of the step that the epoch in training stands at, and that step; null
 * where those weights are on no disk.
 */
export function standingSnapshot(
  search: SearchState,
): { readonly snapshot: string | null; readonly step: number } | null {
  const { saved, step, plan, snapshot } = search;
  if (saved?.step === step) return { snapshot: saved.sha256, step };
  return plan?.firstStep === step ? { snapshot, step } : null;
}
