/**
 * The phases of a search, and the only functions that change one. Each names where it may be reached from
 * and refuses anything else.
 *
 *   new ─▶ planning ─▶ training ─▶ evaluating ─▶ selecting ─▶ planning … or finishing ─▶ done
 *              ▲          │   │          │
 *              └──────────┘   └──────────┴─▶ rolled back
 *          rolled back: the state before the epoch was planned
 *          an epoch of the warm-up is not evaluated, except the last
 */
import { IdMap } from './id-map.js';
import { withIndividuals, withPopulation } from './individuals.js';
import { drawPopulation } from './plan.js';
import type { EpochPlan, SearchRules, SearchState } from './state.js';

type Phase = SearchState['phase'];

function demandPhase(state: SearchState, to: Phase, from: readonly Phase[]): void {
  if (!from.includes(state.phase))
    throw new RangeError(`expected phase ${from.join(' or ')} before ${to}, got ${state.phase}`);
}

/** Epoch `epoch` is to be planned, on the weights of `snapshot` (null: initial ones). */
export function becomePlanning(
  rules: SearchRules,
  state: SearchState,
  epoch: number,
  snapshot: string | null,
): SearchState {
  demandPhase(state, 'planning', ['new', 'training', 'selecting']);
  const next: SearchState = {
    ...state,
    phase: 'planning',
    epoch,
    snapshot,
    plan: null,
    lastCommit: null,
    checkpoint: null,
  };
  if (rules.warmupEpochs > 0 || state.population.length > 0) return next;
  return withPopulation(next, rules.cohort ?? drawPopulation(rules, rules.population, new Set()));
}

export function becomeTraining(state: SearchState, plan: EpochPlan): SearchState {
  demandPhase(state, 'training', ['planning']);
  return {
    ...withIndividuals(state, plan.individuals),
    phase: 'training',
    plan,
    lastCommit: null,
    checkpoint: { ...state, checkpoint: null },
  };
}

/** Back to before the open epoch was planned; what holds for the whole run stays. */
export function becomePlanningAgain(state: SearchState): SearchState {
  demandPhase(state, 'planning', ['training', 'evaluating']);
  const { fence, numerics, joined, dismissed, quarantined, rollbacks } = state;
  return { ...state.checkpoint!, fence, numerics, joined, dismissed, quarantined, rollbacks: rollbacks + 1 };
}

export function becomeEvaluating(state: SearchState, evaluees: readonly string[]): SearchState {
  demandPhase(state, 'evaluating', ['training']);
  return { ...state, phase: 'evaluating', evaluees, measured: IdMap.empty() };
}

export function becomeSelecting(state: SearchState): SearchState {
  demandPhase(state, 'selecting', ['evaluating']);
  return { ...state, phase: 'selecting' };
}

export function becomeFinishing(state: SearchState): SearchState {
  demandPhase(state, 'finishing', ['selecting']);
  return { ...state, phase: 'finishing' };
}

export function becomeDone(state: SearchState): SearchState {
  demandPhase(state, 'done', ['finishing']);
  return { ...state, phase: 'done' };
}
