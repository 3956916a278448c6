/**
 * What the search asks for next: the loop that leads from phase to phase as far as it goes without waiting.
 * `planning` waits for trainers, `training` and `evaluating` for their machines.
 */
import { planEpoch } from '../../search/plan.js';
import { chooseSurvivors } from '../../search/selection.js';
import * as evaluation from './evaluation.js';
import type { EvolutionSetup, EvolutionState } from './evolution-state.js';
import * as membership from './membership.js';
import { entered, epochDone } from './status.js';
import { becomePreparing } from './transitions.js';
import type { Turn } from './turn.js';

export function advance(setup: EvolutionSetup, turn: Turn, state: EvolutionState): EvolutionState {
  let next = state;
  for (;;) {
    const { phase } = turn.search;
    if (turn.stopped || next.stage !== 'running' || phase === 'new') return next;
    if (next.training.draining && isAtRest(turn, next)) return becomeDrained(turn, next);
    if (phase !== 'evaluating' && next.evaluation.stage.name !== 'idle')
      next = { ...next, evaluation: evaluation.becomeIdle(next.evaluation) };
    switch (phase) {
      case 'planning':
        if (!hasGathered(setup, turn, next)) return next;
        next = planNext(setup, turn, next);
        break;
      case 'training':
        if (!isToPrepare(setup, turn, next)) return next;
        next = becomeTraining(turn, next);
        break;
      case 'evaluating':
        if (next.evaluation.stage.name !== 'idle') return next;
        next = becomeEvaluating(turn, next);
        break;
      case 'selecting':
        next = select(turn, next);
        break;
      case 'finishing':
        turn.commit({ type: 'finished', epoch: turn.search.epoch });
        break;
      case 'done':
        return becomeWriting(turn, next);
    }
  }
}

/** Trainers for an epoch: at the beginning all that were asked for, or the minimum, later those that are alive. */
function hasGathered(setup: EvolutionSetup, turn: Turn, state: EvolutionState): boolean {
  const alive = membership.trainersOf(state.membership).length;
  const { gatherMs, gatherAgainMs } = setup.timing;
  if (alive === 0) return false;
  if (setup.minTrainers > 0 && !state.gathered) return alive >= setup.minTrainers;
  const patience = turn.search.step > 0 ? gatherAgainMs : gatherMs;
  return alive >= setup.expectedTrainers || state.gathered || turn.now - state.startedAt > patience;
}

/** The epoch is planned, or to go on from a snapshot that can be read, and there are trainers for it. */
function isToPrepare(setup: EvolutionSetup, turn: Turn, state: EvolutionState): boolean {
  const { stage } = state.training;
  if (stage.name === 'restoring') return stage.isRead && hasGathered(setup, turn, state);
  return stage.name === 'idle';
}

/** Nothing is at work that would be lost by a stop now, but the measurements under way. */
function isAtRest({ search }: Turn, { training }: EvolutionState): boolean {
  switch (search.phase) {
    case 'planning':
    case 'evaluating':
      return true;
    case 'training':
      return RESTING.has(training.stage.name);
    default:
      return false;
  }
}
const RESTING: ReadonlySet<string> = new Set(['idle', 'restoring', 'preparing']);

/** All that was done is in the journal and the snapshots: the search goes on from here when it is resumed. */
function becomeDrained(turn: Turn, state: EvolutionState): EvolutionState {
  const { epoch, step } = turn.search;
  turn.say(`stops as it was told to, in epoch ${epoch} after ${step} steps of the run`);
  turn.save.push({ kind: 'finish', end: 'drained' });
  return { ...state, stage: 'over' };
}

function planNext(setup: EvolutionSetup, turn: Turn, state: EvolutionState): EvolutionState {
  const next = turn.search.numerics === null ? fixNumerics(setup, turn, state) : state;
  const { epoch } = turn.search;
  const individuals = planEpoch(turn.rules, turn.search).individuals.map(({ id }) => id);
  turn.commit({ type: 'epoch-planned', epoch, individuals });
  return { ...next, gathered: true };
}

/**
 * What the run computes with: the arithmetic of most of the trainers gathered, not of the first to come.
 * Workers of another one are sent away; their next hello is refused with the reason.
 */
function fixNumerics(setup: EvolutionSetup, turn: Turn, state: EvolutionState): EvolutionState {
  const numerics = membership.commonNumerics(membership.trainersOf(state.membership))!;
  turn.commit({ type: 'numerics-fixed', ...numerics });
  if (setup.tolerant) return state;
  const others = [...state.membership.workers.values()].filter(
    (worker) => !membership.sameNumerics(worker.numerics, numerics),
  );
  if (others.length === 0) return state;
  const ids = others.map(({ id }) => id);
  turn.say(`sends ${ids.join(', ')} away: other arithmetic than most trainers`);
  return { ...state, membership: membership.without(state.membership, ids) };
}

function becomeTraining(turn: Turn, state: EvolutionState): EvolutionState {
  const members = membership.trainersOf(state.membership).map(({ id }) => id);
  return {
    ...state,
    gathered: true,
    training: becomePreparing(turn, state.training, members),
    stopwatch: entered(state.stopwatch, 'train', turn.now),
  };
}

function becomeEvaluating(turn: Turn, state: EvolutionState): EvolutionState {
  return {
    ...state,
    evaluation: evaluation.becomeChecking(turn, state.evaluation),
    stopwatch: entered(state.stopwatch, 'evaluate', turn.now),
  };
}

function select(turn: Turn, state: EvolutionState): EvolutionState {
  const { epoch } = turn.search;
  const survivors = chooseSurvivors(turn.rules, turn.search);
  if (survivors.length === 0) {
    turn.stop(
      `no individual of epoch ${epoch} could be measured; see "evaluation-failed" in the journal ` +
        'and the logs; the run can be resumed',
    );
    return state;
  }
  turn.commit({ type: 'selected', epoch, survivors });
  turn.save.push({ kind: 'write-results', epoch });
  turn.say(`epoch ${epoch}: ${survivors.length} survive, front of ${turn.search.front.length}`);
  return { ...state, stopwatch: epochDone(entered(state.stopwatch, 'select', turn.now), turn.now) };
}

/** All is decided; the results are written once more before it is told that the search is over. */
function becomeWriting(turn: Turn, state: EvolutionState): EvolutionState {
  turn.save.push({ kind: 'write-results', epoch: turn.search.epoch });
  return { ...state, stage: 'writing', stopwatch: entered(state.stopwatch, 'done', turn.now) };
}
