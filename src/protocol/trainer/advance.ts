/**
 * What a trainer does next: works towards the newest directive as far as it goes without waiting.
 * Called whenever something has changed; with work under way it does nothing.
 */
import type { Directive, EpochEnd, EpochPlan, ReplicaCommand, StepCommit, StepPlan } from './commands.js';
import { cleared, committedVectors, isWanted } from './exchange.js';
import { fetched, needsState } from './joining.js';
import { commitOf, genomeOf, isInEpoch } from './plan.js';
import type { EpochAtWork, TrainerState } from './trainer-state.js';
import { becomeBusy, becomeIdle, becomePausing, becomeUnloaded } from './trainer-state.js';
import type { TrainerTurn } from './turn.js';

export function advance(turn: TrainerTurn, state: TrainerState): TrainerState {
  const { directive, epoch } = state;
  if (state.work !== null || directive === null) return state;
  if (!directive.members.includes(turn.setup.id)) return leave(turn, state);
  if (directive.plan !== null) return prepare(turn, state, directive, directive.plan);
  if (needsState(turn.setup.id, state, directive)) return join(turn, state, directive, directive.step!);
  // Not part of this epoch: wait for the next one, and evaluate meanwhile.
  if (epoch?.epoch !== directive.epoch) return leave(turn, state);
  const commit = commitOf(directive);
  if (commit?.step === state.appliedStep) return applyCommit(turn, state, epoch, commit);
  if (directive.step !== null) return computeNext(turn, state, epoch, directive.step);
  if (directive.end !== null) return endEpoch(turn, state, directive.end);
  return state;
}

function begin(turn: TrainerTurn, state: TrainerState, command: ReplicaCommand): TrainerState {
  turn.save.push(command);
  return becomeBusy(state, command, turn.now);
}

function leave(turn: TrainerTurn, state: TrainerState): TrainerState {
  return becomeIdle(turn, { ...state, exchange: cleared(state.exchange), incoming: null });
}

// --- epoch plan ---

function prepare(
  turn: TrainerTurn,
  state: TrainerState,
  directive: Directive,
  plan: EpochPlan,
): TrainerState {
  const { fence, epoch } = directive;
  if (state.epoch?.epoch === epoch && state.epoch.fence === fence) return state;
  if (state.evaluations !== 'paused') return becomePausing(turn, state);
  const reuse =
    plan.snapshot !== null && state.result?.sha256 === plan.snapshot && state.appliedStep === plan.startStep;
  const next = becomeUnloaded({ ...state, exchange: cleared(state.exchange) });
  return begin(turn, next, { kind: 'load-epoch', fence, epoch, plan, reuse });
}

/** Takes over the learned state, and pauses evaluations meanwhile. */
function join(turn: TrainerTurn, state: TrainerState, directive: Directive, plan: StepPlan): TrainerState {
  const next = fetched(turn, state, directive);
  if (next.evaluations !== 'paused') return becomePausing(turn, next);
  const epochPlan = plan.joining!.plan;
  if (next.incoming?.assembly.complete !== true || epochPlan === null) return next;
  const { fence, epoch } = directive;
  const words = next.incoming.assembly.vector;
  return begin(turn, next, { kind: 'join-epoch', fence, epoch, plan: epochPlan, step: plan.step, words });
}

// --- step plan ---

/** Applies the commit of the step before, once all its slots are here. */
function applyCommit(
  turn: TrainerTurn,
  state: TrainerState,
  epoch: EpochAtWork,
  { step, slots }: StepCommit,
): TrainerState {
  if (!isInEpoch(turn.setup, epoch, step)) return state;
  const vectors = committedVectors(state.exchange, step, slots);
  if (vectors === null) return state;
  return begin(turn, state, {
    kind: 'apply',
    step,
    slots: slots.map(({ slot }, i) => ({
      slot,
      genome: genomeOf(turn.setup, epoch, step, slot),
      vector: vectors[i]!,
    })),
    digest: (step + 1) % turn.setup.checkDigestEvery === 0,
  });
}

/** Computes the first of this trainer's leases that is still open, then what it is to check. */
function computeNext(
  turn: TrainerTurn,
  state: TrainerState,
  epoch: EpochAtWork,
  { step, leases, checks }: StepPlan,
): TrainerState {
  if (state.appliedStep !== step || !isInEpoch(turn.setup, epoch, step)) return state;
  const mine = leases.find(
    (lease) => lease.owner === turn.setup.id && !lease.diverged && isWanted(state.exchange, step, lease),
  );
  const check = checks.find(({ slot, owner }) => owner === turn.setup.id && !hasChecked(state, slot));
  const lease = mine ?? (check === undefined ? null : leases.find(({ slot }) => slot === check.slot));
  if (lease == null) return state;
  if (state.evaluations !== 'paused') return becomePausing(turn, state);
  return begin(turn, state, {
    kind: 'compute',
    epoch: epoch.epoch,
    step,
    stepInEpoch: step - epoch.firstStep,
    lease,
    genome: genomeOf(turn.setup, epoch, step, lease.slot),
    isCheck: mine === undefined,
  });
}

function hasChecked({ checked }: TrainerState, slot: number): boolean {
  return checked.some((known) => known.slot === slot);
}

// --- epoch end ---

function endEpoch(turn: TrainerTurn, state: TrainerState, { commit, writer }: EpochEnd): TrainerState {
  const { epoch, result } = state;
  if (commit !== null && state.appliedStep !== commit.step + 1) return state;
  if (result === null) return begin(turn, state, { kind: 'digest', epoch: epoch!.epoch });
  if (writer === turn.setup.id && !result.written && result.error === null)
    return begin(turn, state, { kind: 'write-snapshot', epoch: result.epoch, sha256: result.sha256 });
  return leave(turn, state);
}
