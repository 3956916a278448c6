/**
 * The search as a pure state machine: `apply(rules, state, event)` is the next state.
 *
 * An event that does not fit the state is a `HistoryError`: of a damaged journal, or of a bug, and never
 * skipped. An event copies what it changes, not what is known: the whole history of a search costs time
 * and memory in proportion to it. The phase changes only in `become…` (phases.ts).
 */
import { EmarsError } from '../errors/error.js';
import { slotPosition } from '../gradient/slots.js';
import { generator } from '../random/generator.js';
import { genomeId } from '../space/genome.js';
import { breed } from '../space/variation.js';
import type { SearchEvent } from './events.js';
import { withChanged, withIndividuals, withPopulation } from './individuals.js';
import {
  joinObjection,
  memberNamed,
  objectivesAt,
  withJoined,
  withLeft,
  withOutcome,
} from './joined-objectives.js';
import {
  becomeDone,
  becomeEvaluating,
  becomeFinishing,
  becomePlanning,
  becomePlanningAgain,
  becomeSelecting,
  becomeTraining,
} from './phases.js';
import { withDismissal, withFailuresCounted } from './own-objectives.js';
import { drawPopulation, planEpoch } from './plan.js';
import { chooseEpoch, frontOf, measuredCompletely } from './selection.js';
import type { EpochPlan, EpochRow, Measurement, SearchRules, SearchState } from './state.js';

export class HistoryError extends EmarsError {
  override readonly name = 'HistoryError';
  readonly kind = 'damaged';
  constructor(
    readonly event: SearchEvent,
    readonly expected: string,
  ) {
    super(`expected ${expected}, got the event "${event.type}" ${JSON.stringify(event).slice(0, 160)}`);
  }
}

type Of<Type extends SearchEvent['type']> = Extract<SearchEvent, { type: Type }>;

/** Errors: HistoryError when the event does not fit the state. */
export function apply(rules: SearchRules, state: SearchState, event: SearchEvent): SearchState {
  switch (event.type) {
    case 'run-started':
      demand(state.phase === 'new', event, 'it to be the first event');
      return becomePlanning(rules, { ...state, run: event.run, optionsHash: event.options }, 1, null);
    case 'fence-raised':
      demand(event.fence > state.fence, event, `a fence above ${state.fence}`);
      return { ...state, fence: event.fence };
    case 'numerics-fixed':
      demand(state.numerics === null, event, 'numerics that are not fixed yet');
      return { ...state, numerics: { fingerprint: event.fingerprint, canary: event.canary } };
    case 'epoch-planned':
      return planned(rules, state, event);
    case 'step-committed':
      return committed(rules, state, event);
    case 'step-saved':
      demand(
        state.phase === 'training' && event.epoch === state.epoch && event.step === state.step,
        event,
        `the weights after step ${state.step} of epoch ${state.epoch} in training`,
      );
      return { ...state, saved: { step: event.step, sha256: event.sha256 } };
    case 'epoch-trained':
      return trained(rules, state, event);
    case 'evaluated':
    case 'evaluation-failed':
      return measured(rules, state, event);
    case 'objective-joined':
      return joined(rules, state, event);
    case 'objective-left':
      return left(rules, state, event);
    case 'selected':
      return selected(rules, state, event);
    case 'worker-quarantined':
      demand(!state.quarantined.has(event.worker), event, 'a worker that is not quarantined yet');
      return { ...state, quarantined: new Map(state.quarantined).set(event.worker, event.reason) };
    case 'rolled-back':
      demand(
        (state.phase === 'training' || state.phase === 'evaluating') &&
          state.checkpoint !== null &&
          event.epoch === state.epoch,
        event,
        `epoch ${state.epoch} in training or evaluation to roll back`,
      );
      return becomePlanningAgain(state);
    case 'finished':
      demand(state.phase === 'finishing', event, 'a search whose last epoch is selected');
      return becomeDone(state);
    default:
      return unreachable(event);
  }
}

function demand(holds: boolean, event: SearchEvent, expected: string): asserts holds {
  if (!holds) throw new HistoryError(event, expected);
}

function unreachable(event: never): never {
  throw new TypeError(`expected a known event, got ${JSON.stringify(event)}`);
}

function planned(rules: SearchRules, state: SearchState, event: Of<'epoch-planned'>): SearchState {
  demand(
    state.phase === 'planning' && event.epoch === state.epoch,
    event,
    `epoch ${state.epoch} in phase "${state.phase}" to be planned`,
  );
  const plan = planEpoch(rules, state);
  const same =
    plan.individuals.length === event.individuals.length &&
    plan.individuals.every(({ id }, i) => id === event.individuals[i]);
  demand(same, event, 'the individuals that the seed and the population give');
  return becomeTraining(state, plan);
}

function committed(rules: SearchRules, state: SearchState, event: Of<'step-committed'>): SearchState {
  const { plan } = state;
  demand(
    state.phase === 'training' && plan !== null && event.epoch === state.epoch && event.step === state.step,
    event,
    `step ${state.step} of epoch ${state.epoch} in phase "${state.phase}"`,
  );
  const next: SearchState = { ...state, step: state.step + 1, lastCommit: event.slots };
  return event.slots.reduce((now, { slot, diverged }) => {
    if (!diverged) return now;
    const position = plan.schedule[event.step - plan.firstStep]?.[slotPosition(rules, slot).individual];
    demand(position !== undefined, event, `slots of a step, not slot ${slot}`);
    const { id } = plan.individuals[position]!;
    return withChanged(now, id, (individual) => ({ diverged: individual.diverged + 1 }));
  }, next);
}

function trained(rules: SearchRules, state: SearchState, event: Of<'epoch-trained'>): SearchState {
  const { plan, checkpoint } = state;
  demand(
    state.phase === 'training' && plan !== null && checkpoint !== null && event.epoch === state.epoch,
    event,
    `epoch ${state.epoch} in training`,
  );
  demand(
    state.step === plan.firstStep + rules.stepsPerEpoch && event.step === state.step,
    event,
    `all ${rules.stepsPerEpoch} steps committed`,
  );
  const counted = withTraining({ ...state, saved: null, trainedSnapshot: event.sha256 }, plan);
  if (plan.kind === 'search') {
    const rotation =
      (state.rotation + rules.stepsPerEpoch * rules.individualsPerStep) % state.population.length;
    return becomeEvaluating({ ...counted, rotation }, state.population);
  }
  // What the warm-up trains it has drawn: an individual is new when it was not known before the epoch.
  const fresh = plan.individuals.filter(({ id }) => !checkpoint.individuals.has(id)).map(({ id }) => id);
  const warm = { ...counted, drawn: [...state.drawn, ...fresh] };
  if (state.epoch < rules.warmupEpochs) return becomePlanning(rules, warm, state.epoch + 1, event.sha256);
  const [next, candidates] = warmupCandidates(rules, warm);
  return becomeEvaluating(next, candidates);
}

/** Counts the mini-batches that each individual of the plan was trained on. */
function withTraining(state: SearchState, plan: EpochPlan): SearchState {
  const batches = new Array<number>(plan.individuals.length).fill(0);
  for (const position of plan.schedule.flat()) batches[position]!++;
  return plan.individuals.reduce(
    (now, { id }, position) =>
      batches[position] === 0
        ? now
        : withChanged(now, id, (individual) => ({ trained: individual.trained + batches[position]! })),
    state,
  );
}

/** The last so many drawn; more random ones where the warm-up drew fewer than a population. */
function warmupCandidates(rules: SearchRules, state: SearchState): [SearchState, readonly string[]] {
  const limit = Math.max(rules.warmupCandidates ?? state.drawn.length, rules.population);
  const candidates = state.drawn.slice(-limit);
  const lacking = rules.population - candidates.length;
  if (lacking <= 0) return [state, candidates];
  const extra = drawPopulation(rules, lacking, new Set(candidates)).map((genome) => ({
    id: genomeId(genome),
    genome,
  }));
  return [withIndividuals(state, extra), [...candidates, ...extra.map(({ id }) => id)]];
}

function measured(
  rules: SearchRules,
  state: SearchState,
  event: Of<'evaluated'> | Of<'evaluation-failed'>,
): SearchState {
  const { epoch, individual: id, objective } = event;
  demand(
    state.phase === 'evaluating' && epoch === state.epoch && state.evaluees.includes(id),
    event,
    `a measurement of an individual of epoch ${state.epoch} in phase "${state.phase}"`,
  );
  const before = state.measured.get(id) ?? {};
  demand(!(objective in before), event, 'a measurement that is not recorded yet');
  const next = {
    ...state,
    measured: state.measured.with(id, { ...before, [objective]: measurementOf(event) }),
  };
  const known =
    event.type === 'evaluated' && objective === 'accuracy'
      ? withChanged(next, id, ({ history }) => ({ history: [...history, [epoch, event.value] as const] }))
      : next;
  const counted = withOutcome(known, objective, event.type === 'evaluated' ? null : event.reason);
  return selectingWhenComplete(rules, withDismissal(rules, counted, objective));
}

function selectingWhenComplete(rules: SearchRules, state: SearchState): SearchState {
  return measuredCompletely(rules, state) ? becomeSelecting(state) : state;
}

function joined(rules: SearchRules, state: SearchState, event: Of<'objective-joined'>): SearchState {
  const objection = joinObjection(rules, state, event);
  demand(objection === null, event, `an objective that can join (${objection ?? ''})`);
  return withJoined(state, event);
}

function left(rules: SearchRules, state: SearchState, event: Of<'objective-left'>): SearchState {
  const { name, epoch } = event;
  demand(epoch === state.epoch, event, `epoch ${state.epoch}`);
  demand(memberNamed(state, name) !== null, event, 'an objective that joined and has not left');
  const next = withLeft(state, event);
  return next.phase === 'evaluating' ? selectingWhenComplete(rules, next) : next;
}

function measurementOf(event: Of<'evaluated'> | Of<'evaluation-failed'>): Measurement {
  if (event.type === 'evaluation-failed') return { failure: event.reason };
  const { value, defined, confusion } = event;
  return { value, defined: defined ?? true, ...(confusion === undefined ? {} : { confusion }) };
}

function selected(rules: SearchRules, state: SearchState, event: Of<'selected'>): SearchState {
  demand(
    state.phase === 'selecting' && event.epoch === state.epoch,
    event,
    `epoch ${state.epoch} measured completely`,
  );
  demand(
    event.survivors.every((id) => state.evaluees.includes(id)),
    event,
    'survivors among the evaluated',
  );
  const survivors = new Set(event.survivors);
  const closed: SearchState = {
    ...withFailuresCounted(rules, state),
    history: [...state.history, ...rowsOf(rules, state, survivors)],
    front: frontOf(rules, state),
    chosen: chooseEpoch(rules, state),
  };
  if (state.epoch === rules.warmupEpochs + rules.epochs) return becomeFinishing(closed);
  const parents = event.survivors.map((id) => state.individuals.get(id)!.genome);
  const offspring = breed(rules.space, parents, {
    taken: survivors,
    count: rules.population - parents.length,
    variation: rules.variation,
    streamOf: (index) => generator(rules.seed, 'offspring', state.epoch, index),
  });
  const bred = withPopulation(closed, [...parents, ...offspring]);
  return becomePlanning(rules, bred, state.epoch + 1, state.trainedSnapshot);
}

/** What the epoch found, as it will stand in the history: ids ascending. */
function rowsOf(rules: SearchRules, state: SearchState, survivors: ReadonlySet<string>): EpochRow[] {
  const names = objectivesAt(rules, state, state.epoch).map(({ name }) => name);
  return [...state.evaluees].sort().map((id) => {
    const { genome, trained: batches } = state.individuals.get(id)!;
    // What an objective measured before it left in this epoch does not count.
    const all = state.measured.get(id)!;
    const measurements = Object.fromEntries(names.map((name) => [name, all[name]!]));
    return { epoch: state.epoch, id, genome, trained: batches, measurements, selected: survivors.has(id) };
  });
}
