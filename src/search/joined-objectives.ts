/**
 * Objectives that join a running search and leave it again. From epoch `since` on the whole population is
 * measured by them, survivors included, and selection has one more dimension; from the epoch they leave in
 * on it has one less. Who joined when stands in the journal, so the same journal gives the same front.
 */
import type { SearchEvent } from './events.js';
import type { JoinedObjective, ObjectiveRule, SearchRules, SearchState } from './state.js';

type Joining = Extract<SearchEvent, { type: 'objective-joined' }>;

/** Objectives of one epoch, at most; as many as a configuration may name. */
const MOST_AT_ONCE = 12;
/** Why an objective left that a person took out. */
export const REMOVED = 'it was removed';
/** Why a history could not be measured; no fault of the objective, so it does not count against it. */
export const NO_ACCURACY = 'no accuracy in this epoch';
/** Joinings over the life of a run; more are a mistake or an attack. */
const MOST_JOININGS = 256;

/** What epoch `epoch` measures: the objectives of the configuration, then those that joined, in their order. */
export function objectivesAt(
  rules: SearchRules,
  { joined, dismissed }: SearchState,
  epoch: number,
): readonly ObjectiveRule[] {
  const own =
    dismissed.size === 0
      ? rules.objectives
      : rules.objectives.filter(({ name }) => epoch < (dismissed.get(name)?.epoch ?? Infinity));
  const guests = joined.filter((objective) => takesPartIn(objective, epoch));
  return guests.length === 0 ? own : [...own, ...guests.map(({ rule }) => rule)];
}

export function takesPartIn({ since, left }: JoinedObjective, epoch: number): boolean {
  return epoch >= since && (left === null || epoch < left.epoch);
}

/** The objective of that name that joined and has not left; null if there is none. */
export function memberNamed({ joined }: SearchState, name: string): JoinedObjective | null {
  return joined.find((objective) => objective.rule.name === name && objective.left === null) ?? null;
}

/** The first epoch that an objective that joins now can take part in: one that is not at work yet. */
export function nextEpoch({ phase, epoch }: SearchState): number {
  return phase === 'new' || phase === 'planning' ? Math.max(1, epoch) : epoch + 1;
}

/** Why an objective cannot join; null when it can. */
export function joinObjection(
  rules: SearchRules,
  state: SearchState,
  { name, unit, direction, needs, since }: Omit<Joining, 'type'>,
): string | null {
  const last = rules.warmupEpochs + rules.epochs;
  if (rules.cohort !== null) return 'a retraining selects no individuals: no objective can join it';
  if (rules.objectives.some((rule) => rule.name === name))
    return `the configuration of the run names an objective "${name}" already; give yours another name`;
  if (memberNamed(state, name) !== null) return `an objective "${name}" has joined already`;
  if (since < nextEpoch(state))
    return `expected an epoch from ${nextEpoch(state)} on to join in, got ${since}`;
  if (since > last)
    return `epoch ${since} would be the first with it, and the search ends with epoch ${last}`;
  const before = state.joined.findLast(({ rule }) => rule.name === name)?.rule;
  if (before !== undefined && !sameMeasure(before, { unit, direction, needs }))
    return (
      `expected the unit, direction and needs that "${name}" had before (${before.unit}, ${before.direction}, ` +
      `${before.needs}), got ${unit}, ${direction}, ${needs}; give it another name`
    );
  if (objectivesAt(rules, state, since).length >= MOST_AT_ONCE)
    return `expected at most ${MOST_AT_ONCE} objectives at once, got one more`;
  if (state.joined.length >= MOST_JOININGS)
    return `expected at most ${MOST_JOININGS} joinings over the life of a run, got one more`;
  return null;
}

/** The same measurement: one process may take over from another. */
export function sameMeasure(
  rule: ObjectiveRule,
  other: Pick<ObjectiveRule, 'unit' | 'direction' | 'needs'>,
): boolean {
  return rule.unit === other.unit && rule.direction === other.direction && rule.needs === other.needs;
}

export function withJoined(
  state: SearchState,
  { name, unit, direction, needs, since }: Joining,
): SearchState {
  const rule: ObjectiveRule = { name, unit, direction, needs, selects: true };
  return { ...state, joined: [...state.joined, { rule, since, left: null, failures: 0 }] };
}

export function withLeft(
  state: SearchState,
  { name, reason }: Extract<SearchEvent, { type: 'objective-left' }>,
): SearchState {
  return changed(state, name, () => ({ left: { epoch: state.epoch, reason } }));
}

/** Counts what fails in a row. `failure`: null where there is a value. */
export function withOutcome(state: SearchState, name: string, failure: string | null): SearchState {
  if (memberNamed(state, name) === null || failure === NO_ACCURACY) return state;
  return changed(state, name, ({ failures }) => ({ failures: failure === null ? 0 : failures + 1 }));
}

function changed(
  state: SearchState,
  name: string,
  change: (objective: JoinedObjective) => Partial<JoinedObjective>,
): SearchState {
  const joined = state.joined.map((objective) =>
    objective.rule.name === name && objective.left === null
      ? { ...objective, ...change(objective) }
      : objective,
  );
  return { ...state, joined };
}
