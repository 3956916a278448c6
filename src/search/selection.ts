/** Who survives an epoch, and what the front is (paper Alg. 1, "Select"; spec section 2.6). */
import { nonDominated, selectSurvivors } from '../evolution/selector.js';
import { generator } from '../random/generator.js';
import { accuracyOrder } from './accuracy-order.js';
import { objectivesAt } from './joined-objectives.js';
import type { ChosenEpoch, ObjectiveRule, SearchRules, SearchState } from './state.js';

/** True when every evaluee has a value or a failure for every objective. */
export function measuredCompletely(rules: SearchRules, state: SearchState): boolean {
  const objectives = objectivesAt(rules, state, state.epoch);
  return state.evaluees.every((id) => {
    const measurements = state.measured.get(id);
    return measurements !== undefined && objectives.every(({ name }) => name in measurements);
  });
}

/** The objectives that decide in the epoch at work. */
function deciding(rules: SearchRules, state: SearchState): ObjectiveRule[] {
  return objectivesAt(rules, state, state.epoch).filter(({ selects }) => selects);
}

/** Ids with a value for every deciding objective, and those values, `[n][objectives]`. */
function comparable(rules: SearchRules, state: SearchState): { ids: string[]; values: number[][] } {
  const ids: string[] = [];
  const values: number[][] = [];
  const objectives = deciding(rules, state);
  for (const id of state.evaluees) {
    const row = objectives.map(({ name }) => state.measured.get(id)?.[name]?.value);
    if (row.every((value) => value !== undefined)) {
      ids.push(id);
      values.push(row);
    }
  }
  return { ids, values };
}

/**
 * Survivors of the evaluated epoch, in the order the next population holds them. The end of the
 * warm-up keeps the best P by accuracy (ties: lowest id); later epochs keep K by the selector.
 * An individual without all values cannot survive.
 */
export function chooseSurvivors(rules: SearchRules, state: SearchState): string[] {
  if (rules.cohort !== null) return [...state.population];
  const { ids, values } = comparable(rules, state);
  const directions = deciding(rules, state).map(({ direction }) => direction);
  if (state.epoch === rules.warmupEpochs) return bestByAccuracy(state, ids).slice(0, rules.population);
  if (ids.length <= rules.keep) return ids;
  const { selected } = selectSurvivors({
    values,
    directions,
    keep: rules.keep,
    selector: rules.selector,
    random: generator(rules.seed, 'selection', state.epoch),
    ...(rules.partitions === null ? {} : { partitions: rules.partitions }),
    accuracyIndex: Math.max(
      0,
      deciding(rules, state).findIndex(({ name }) => name === 'accuracy'),
    ),
  });
  return selected.map((index) => ids[index]!);
}

/** The epoch whose weights a retraining keeps, once the epoch at work is measured; null in a search. */
export function chooseEpoch(rules: SearchRules, state: SearchState): ChosenEpoch | null {
  const [rule] = deciding(rules, state);
  if (rules.cohort === null || rule === undefined) return null;
  const sign = rule.direction === 'max' ? 1 : -1;
  return state.evaluees.reduce((best, individual) => {
    const value = state.measured.get(individual)?.[rule.name]?.value;
    if (value === undefined || (best !== null && sign * value < sign * best.value)) return best;
    return { epoch: state.epoch, sha256: state.trainedSnapshot!, individual, value };
  }, state.chosen);
}

function bestByAccuracy(state: SearchState, ids: readonly string[]): string[] {
  return ids
    .map((id) => ({ id, accuracy: state.measured.get(id)!['accuracy']!.value! }))
    .sort(accuracyOrder)
    .map(({ id }) => id);
}

/** The non-dominated set of the evaluated epoch, ids ascending. */
export function frontOf(rules: SearchRules, state: SearchState): string[] {
  const { ids, values } = comparable(rules, state);
  if (ids.length === 0) return [];
  return nonDominated(
    values,
    deciding(rules, state).map(({ direction }) => direction),
  )
    .map((index) => ids[index]!)
    .sort();
}
