/**
 * Objectives of the configuration that are modules of the user. One whose measurements fail five times in a row is
 * done without, from the epoch at work on. In a row means in the order of the individuals, not of the results: who
 * measured first must not decide. It follows from the measurements alone, so the journal needs no event for it.
 */
import { NO_ACCURACY } from './joined-objectives.js';
import type { ObjectiveRule, SearchRules, SearchState } from './state.js';

/** Failures in a row after which an objective is done without. */
export const FAILURES = 5;

/** The state after a measurement by this objective. */
export function withDismissal(rules: SearchRules, state: SearchState, name: string): SearchState {
  const rule = rules.objectives.find((objective) => objective.name === name);
  if (rule?.isOwn !== true || state.dismissed.has(name) || isLastToDecide(rules, state, rule)) return state;
  const { failure } = failuresOf(state, name);
  if (failure === null) return state;
  const reason = `${FAILURES} measurements in a row failed, the last one: ${failure}`;
  return { ...state, dismissed: new Map(state.dismissed).set(name, { epoch: state.epoch, reason }) };
}

/** The state with the failures of this epoch counted, once all is measured. */
export function withFailuresCounted(rules: SearchRules, state: SearchState): SearchState {
  const own = rules.objectives.filter(({ isOwn }) => isOwn === true);
  if (own.length === 0) return state;
  return { ...state, failing: new Map(own.map(({ name }) => [name, failuresOf(state, name).inARow])) };
}

/** Without it nothing would be left to select by. */
function isLastToDecide(rules: SearchRules, state: SearchState, rule: ObjectiveRule): boolean {
  const deciding = rules.objectives.filter(({ name, selects }) => selects && !state.dismissed.has(name));
  return deciding.every(({ name }) => name === rule.name);
}

/**
 * Failures in a row at the end of what is measured without a gap; `failure`: the one that was the last of too many,
 * null without one.
 */
function failuresOf(
  { evaluees, measured, failing }: SearchState,
  name: string,
): { readonly inARow: number; readonly failure: string | null } {
  let inARow = failing.get(name) ?? 0;
  for (const id of evaluees) {
    const found = measured.get(id)?.[name];
    if (found === undefined) break;
    if (found.failure === NO_ACCURACY) continue;
    inARow = found.failure === undefined ? 0 : inARow + 1;
    if (inARow >= FAILURES) return { inARow, failure: found.failure! };
  }
  return { inARow, failure: null };
}
