/** What a trainer tells the evolution actor: where it stands with regard to the newest directive. */
import { heldOf } from './exchange.js';
import { needsState } from './joining.js';
import { commitOf } from './plan.js';
import type { TrainerState } from './trainer-state.js';
import type { TrainerTurn } from './turn.js';

/** Answers the newest directive as far as it can be answered by now. */
export function answer(turn: TrainerTurn, state: TrainerState): void {
  const { directive, epoch } = state;
  const { id } = turn.setup;
  if (directive === null || !directive.members.includes(id) || epoch?.epoch !== directive.epoch) return;
  // Says nothing before it has the weights, and so holds the step up.
  if (needsState(id, state, directive)) return;
  const { fence } = directive;
  if (directive.plan !== null) {
    if (epoch.fence === fence) turn.tell('EpochReady', { id, fence, epoch: epoch.epoch, error: null });
  } else if (isBehind(turn, state)) {
    const step = directive.step?.step ?? commitOf(directive)!.step;
    turn.tell('SlotsHeld', {
      id,
      fence,
      step,
      held: [],
      checked: [],
      appliedStep: state.appliedStep,
      behind: true,
    });
  } else if (directive.step !== null) {
    if (state.appliedStep === directive.step.step) tellHeld(turn, state, fence);
  } else if (directive.end !== null) tellTrained(turn, state, fence, directive.end.writer);
}

/** The step is not the one that follows, or its commit has waited too long for slots that do not come. */
function isBehind(turn: TrainerTurn, { directive, appliedStep, stuckSince }: TrainerState): boolean {
  const commit = commitOf(directive!);
  if (commit?.step === appliedStep) return stuckSince !== null && turn.now - stuckSince > turn.setup.behindMs;
  const expected = directive!.step?.step ?? (commit === null ? appliedStep : commit.step + 1);
  return appliedStep !== expected;
}

function tellHeld(turn: TrainerTurn, state: TrainerState, fence: number): void {
  const { appliedStep, stateDigest } = state;
  turn.tell('SlotsHeld', {
    id: turn.setup.id,
    fence,
    step: appliedStep,
    held: heldOf(state.exchange, appliedStep),
    checked: state.checked,
    appliedStep,
    behind: false,
    stateDigest: stateDigest?.step === appliedStep ? stateDigest.digest : null,
  });
}

/** The writer speaks once it has written, or cannot. */
function tellTrained(turn: TrainerTurn, { result, work }: TrainerState, fence: number, writer: string): void {
  const { id } = turn.setup;
  if (result === null || work !== null) return;
  if (writer === id && !result.written && result.error === null) return;
  turn.tell('EpochTrained', { id, fence, ...result });
}
