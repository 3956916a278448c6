/** A search without processes: events as the actors would record them, with invented accuracies. */
import { apply } from '#emars/search/apply.js';
import type { SearchEvent } from '#emars/search/events.js';
import { objectivesAt } from '#emars/search/joined-objectives.js';
import { planEpoch, slotsPerStep } from '#emars/search/plan.js';
import { chooseSurvivors } from '#emars/search/selection.js';
import type { SearchRules, SearchState } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';
import { potential } from '#emars/evolution/potential.js';
import { generator } from '#emars/random/generator.js';
import { BASE } from '../../sim/cluster/rules.js';

export const RULES: SearchRules = {
  ...BASE,
  seed: 3,
  space: { ...BASE.space, blocks: [2, 2] },
  warmupEpochs: 2,
  warmupCandidates: 10,
  epochs: 5,
  population: 6,
  keep: 3,
  stepsPerEpoch: 5,
  microBatches: 2,
};

const SHA = 'ab'.repeat(32);

/** What comes out where `objective` measures `individual` in the epoch of `state`. */
export type Invented =
  { readonly value: number; readonly confusion?: number[] } | { readonly reason: string };
type Invent = (objective: string, individual: string, state: SearchState) => Invented;

/** Any number will do: of single precision, so that a journal of it is short. */
const anyNumber: Invent = (objective, individual, { epoch }) => ({
  value: Math.fround(generator(9, objective, individual, objective === 'accuracy' ? epoch : 0).uniform()),
});

/** The next event of an undisturbed search, or null when it is done. */
export function nextEvent(
  rules: SearchRules,
  state: SearchState,
  invent: Invent = anyNumber,
): SearchEvent | null {
  switch (state.phase) {
    case 'new':
      return { type: 'run-started', format: 1, run: 'r', options: SHA };
    case 'planning':
      return {
        type: 'epoch-planned',
        epoch: state.epoch,
        individuals: planEpoch(rules, state).individuals.map(({ id }) => id),
      };
    case 'training':
      if (state.step === state.plan!.firstStep + rules.stepsPerEpoch)
        return { type: 'epoch-trained', epoch: state.epoch, sha256: SHA, step: state.step };
      return {
        type: 'step-committed',
        epoch: state.epoch,
        step: state.step,
        repeated: 0,
        slots: Array.from({ length: slotsPerStep(rules) }, (_, slot) => ({
          slot,
          fence: 1,
          owner: 't',
          number: slot,
          digest: SHA,
          diverged: false,
        })),
      };
    case 'evaluating':
      return nextMeasurement(rules, state, invent);
    case 'selecting':
      return { type: 'selected', epoch: state.epoch, survivors: chooseSurvivors(rules, state) };
    case 'finishing':
      return { type: 'finished', epoch: state.epoch };
    case 'done':
      return null;
  }
}

function nextMeasurement(rules: SearchRules, state: SearchState, invent: Invent): SearchEvent {
  for (const individual of state.evaluees) {
    for (const { name } of objectivesAt(rules, state, state.epoch)) {
      if (name in (state.measured.get(individual) ?? {})) continue;
      const key = { epoch: state.epoch, individual, objective: name };
      if (name === 'potential') {
        const { value, defined } = potential(state.individuals.get(individual)!.history);
        return { type: 'evaluated', ...key, worker: 'e', value, defined };
      }
      const outcome = invent(name, individual, state);
      return 'reason' in outcome
        ? { type: 'evaluation-failed', ...key, ...outcome }
        : { type: 'evaluated', ...key, worker: 'e', ...outcome };
    }
  }
  throw new Error('expected something to measure');
}

/** All events of an undisturbed search, and the state after each. */
export function wholeSearch(
  rules: SearchRules = RULES,
  invent: Invent = anyNumber,
): { events: SearchEvent[]; states: SearchState[] } {
  const events: SearchEvent[] = [];
  const states: SearchState[] = [];
  let state = initialState();
  for (let event = nextEvent(rules, state, invent); event !== null; event = nextEvent(rules, state, invent)) {
    state = apply(rules, state, event);
    events.push(event);
    states.push(state);
  }
  return { events, states };
}
