/** What a trainer knows, and the transitions between its stages: the only writers of `stage` and `work`. */
import type { Computation } from '../../search/double-check.js';
import type { Directive, ReplicaCommand } from './commands.js';
import type { ExchangeState } from './exchange-state.js';
import { emptyExchange } from './exchange-state.js';
import type { Incoming, Sharing } from './state-transfer.js';
import { nothingShared } from './state-transfer.js';
import type { TrainerTurn } from './turn.js';

/** An epoch whose weights the replica holds. */
export interface EpochAtWork {
  readonly epoch: number;
  readonly firstStep: number;
  readonly genomes: readonly (readonly string[])[];
  /** Floats of the slot vector of each genome. */
  readonly lengths: readonly number[];
  /** Position in `genomes` for (step, individual of the step), row by row. */
  readonly schedule: readonly number[];
  /** The fence of the plan. */
  readonly fence: number;
}

/** The end of the epoch at work, or the stop in its midst, as far as it got. */
export interface EpochResult {
  readonly epoch: number;
  readonly sha256: string;
  readonly written: boolean;
  readonly error: string | null;
}

/** Work on the replica under way: at most one command at a time. */
export interface Work {
  readonly command: ReplicaCommand;
  readonly since: number;
}

export interface TrainerState {
  /** The fence this trainer was welcomed under; null before. Directives of another do not count. */
  readonly fence: number | null;
  /** The newest directive of this fence. */
  readonly directive: Directive | null;
  /** Whether evaluations may be taken: never before the welcome, and not while an epoch is trained. */
  readonly evaluations: 'unwelcome' | 'running' | 'pausing' | 'paused';
  readonly epoch: EpochAtWork | null;
  /** Steps applied since the run began. */
  readonly appliedStep: number;
  readonly work: Work | null;
  /** Digest of the replica after `step` steps, where replicas are compared. */
  readonly stateDigest: { readonly step: number; readonly digest: string } | null;
  readonly result: EpochResult | null;
  /** Since when a commit waits for slots that are not here. */
  readonly stuckSince: number | null;
  readonly exchange: ExchangeState;
  /** What slots of the step at work came to here that another trainer holds the lease of; in the order of their end. */
  readonly checked: readonly Computation[];
  /** The learned state on its way in, while this trainer joins in mid-epoch. */
  readonly incoming: Incoming | null;
  /** The step that this trainer joined at last, with the fence of that plan. */
  readonly joined: { readonly fence: number; readonly step: number } | null;
  /** What it sends to trainers that join. */
  readonly sharing: Sharing;
}

export const initialTrainer: TrainerState = {
  fence: null,
  directive: null,
  evaluations: 'unwelcome',
  epoch: null,
  appliedStep: 0,
  work: null,
  stateDigest: null,
  result: null,
  stuckSince: null,
  exchange: emptyExchange,
  checked: [],
  incoming: null,
  joined: null,
  sharing: nothingShared,
};

/** What this trainer holds, for its hello. */
export function positionOf(
  state: TrainerState,
): { readonly epoch: number; readonly appliedStep: number } | null {
  return state.epoch === null ? null : { epoch: state.epoch.epoch, appliedStep: state.appliedStep };
}

/** A command for the replica begins. */
export function becomeBusy(state: TrainerState, command: ReplicaCommand, now: number): TrainerState {
  if (state.work !== null)
    throw new Error(`expected an idle replica for ${command.kind}, got one at ${state.work.command.kind}`);
  return { ...state, work: { command, since: now } };
}

/** The command under way has ended. */
export function becomeFree(state: TrainerState): TrainerState {
  return { ...state, work: null };
}

/** The weights of another epoch are on their way in: what was known of the last one is void. */
export function becomeUnloaded(state: TrainerState): TrainerState {
  return {
    ...state,
    epoch: null,
    stateDigest: null,
    result: null,
    stuckSince: null,
    checked: [],
    incoming: null,
    joined: null,
    sharing: nothingShared,
  };
}

/** The replica holds the weights that training begins with: of the epoch's start, or saved in its midst. */
export function becomeLoaded(state: TrainerState, epoch: EpochAtWork, startStep: number): TrainerState {
  return { ...state, epoch, appliedStep: startStep };
}

/** The replica holds the learned state of a step in mid-epoch. */
export function becomeJoined(
  state: TrainerState,
  epoch: EpochAtWork,
  { fence, step }: { readonly fence: number; readonly step: number },
): TrainerState {
  return { ...state, epoch, appliedStep: step, incoming: null, joined: { fence, step } };
}

/** One more commit is in the weights: what a digest was of is no more. */
export function becomeApplied(state: TrainerState, step: number, digest: string | null): TrainerState {
  const appliedStep = step + 1;
  const stateDigest = digest === null ? state.stateDigest : { step: appliedStep, digest };
  return { ...state, appliedStep, stateDigest, result: null, stuckSince: null, checked: [] };
}

/** The run takes this trainer under a fence, which only rises. Evaluations may be taken from now on. */
export function becomeWelcome(turn: TrainerTurn, state: TrainerState, fence: number): TrainerState {
  if (state.fence !== null && fence < state.fence) return state;
  const directive = state.fence === fence ? state.directive : null;
  if (state.evaluations !== 'unwelcome') return { ...state, fence, directive };
  turn.save.push({ kind: 'resume-evaluations' });
  return { ...state, fence, directive, evaluations: 'running' };
}

/** An epoch is to be trained here: no more evaluations. */
export function becomePausing(turn: TrainerTurn, state: TrainerState): TrainerState {
  if (state.evaluations !== 'running') return state;
  turn.save.push({ kind: 'pause-evaluations' });
  return { ...state, evaluations: 'pausing' };
}

/** Nothing to train: evaluations again. */
export function becomeIdle(turn: TrainerTurn, state: TrainerState): TrainerState {
  if (state.evaluations !== 'paused' && state.evaluations !== 'pausing') return state;
  turn.save.push({ kind: 'resume-evaluations' });
  return { ...state, evaluations: 'running' };
}
