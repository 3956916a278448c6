/**
 * The search as a pure state machine: `apply(rules, state, event)` is the next state.
 *
 * The phase changes only in the functions named `become…`. An event that does not fit the state is a
 * `HistoryError`: of a damaged journal, or of a bug, and never skipped.
 */
import { generator } from '../random/generator.js';
import type { Genome } from '../space/genome.js';
import { genomeId } from '../space/genome.js';
import { breed } from '../space/variation.js';
import type { SearchEvent } from './events.js';
import { drawPopulation, planEpoch } from './plan.js';
import { frontOf, measuredCompletely } from './selection.js';
import type { EpochRow, Individual, Measurement, SearchRules, SearchState } from './state.js';

export class HistoryError extends Error {
  constructor(
    readonly event: SearchEvent,
    expected: string,
  ) {
    super(`expected ${expected}, got the event "${event.type}" ${JSON.stringify(event).slice(0, 160)}`);
    this.name = 'HistoryError';
  }
}

type Of<Type extends SearchEvent['type']> = Extract<SearchEvent, { type: Type }>;

export function apply(rules: SearchRules, state: SearchState, event: SearchEvent): SearchState {
  switch (event.type) {
    case 'run-started':
      return becomePlanning(rules, { ...state, run: event.run, optionsHash: event.options }, 1, '');
    case 'fence-raised':
      demand(event.fence > state.fence, event, `a fence above ${state.fence}`);
      return { ...state, fence: event.fence };
    case 'numerics-fixed':
      demand(state.numerics === null, event, 'numerics that are not fixed yet');
      return { ...state, numerics: { fingerprint: event.fingerprint, canary: event.canary } };
    case 'epoch-planned':
      return becomeTraining(rules, state, event);
    case 'step-committed':
      return commitStep(rules, state, event);
    case 'epoch-trained':
      return closeTraining(rules, state, event);
    case 'evaluated':
    case 'evaluation-failed':
      return recordMeasurement(rules, state, event);
    case 'selected':
      return closeEpoch(rules, state, event);
    case 'rolled-back':
      return rollBack(state, event);
    case 'finished':
      demand(state.phase === 'finishing', event, 'a search whose last epoch is selected');
      return { ...state, phase: 'done' };
    default:
      return unreachable(event);
  }
}

function demand(holds: boolean, event: SearchEvent, expected: string): void {
  if (!holds) throw new HistoryError(event, expected);
}

function unreachable(event: never): never {
  throw new TypeError(`expected a known event, got ${JSON.stringify(event)}`);
}

function becomePlanning(
  rules: SearchRules,
  state: SearchState,
  epoch: number,
  snapshot: string,
): SearchState {
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
  return withPopulation(next, drawPopulation(rules, rules.population, new Set()));
}

function becomeTraining(rules: SearchRules, state: SearchState, event: Of<'epoch-planned'>): SearchState {
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
  return {
    ...withIndividuals(state, plan.individuals),
    phase: 'training',
    plan,
    lastCommit: null,
    checkpoint: { ...state, checkpoint: null },
  };
}

function commitStep(rules: SearchRules, state: SearchState, event: Of<'step-committed'>): SearchState {
  demand(
    state.phase === 'training' && event.epoch === state.epoch && event.step === state.step,
    event,
    `step ${state.step} of epoch ${state.epoch} in phase "${state.phase}"`,
  );
  const plan = state.plan!;
  let individuals = state.individuals;
  for (const slot of event.slots) {
    if (!slot.diverged) continue;
    const position = plan.schedule[event.step - plan.firstStep]![Math.floor(slot.slot / rules.microBatches)]!;
    const id = plan.individuals[position]!.id;
    individuals = changed(individuals, id, (individual) => ({
      ...individual,
      diverged: individual.diverged + 1,
    }));
  }
  return { ...state, individuals, step: state.step + 1, lastCommit: event.slots };
}

function closeTraining(rules: SearchRules, state: SearchState, event: Of<'epoch-trained'>): SearchState {
  const plan = state.plan;
  demand(
    state.phase === 'training' && plan !== null && event.epoch === state.epoch,
    event,
    `epoch ${state.epoch} in training`,
  );
  demand(
    state.step === plan!.firstStep + rules.stepsPerEpoch && event.step === state.step,
    event,
    `all ${rules.stepsPerEpoch} steps committed`,
  );
  let individuals = state.individuals;
  for (const position of plan!.schedule.flat()) {
    individuals = changed(individuals, plan!.individuals[position]!.id, (individual) => ({
      ...individual,
      trained: individual.trained + 1,
    }));
  }
  const trained = { ...state, individuals, trainedSnapshot: event.sha256 };
  if (plan!.kind === 'search') {
    const rotation =
      (state.rotation + rules.stepsPerEpoch * rules.individualsPerStep) % state.population.length;
    return becomeEvaluating({ ...trained, rotation }, state.population);
  }
  const drawn = [
    ...new Set([...state.drawn, ...plan!.schedule.flat().map((position) => plan!.individuals[position]!.id)]),
  ];
  if (state.epoch < rules.warmupEpochs)
    return becomePlanning(rules, { ...trained, drawn }, state.epoch + 1, event.sha256);
  return becomeEvaluating(...warmupCandidates(rules, { ...trained, drawn }));
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

function becomeEvaluating(state: SearchState, evaluees: readonly string[]): SearchState {
  return { ...state, phase: 'evaluating', evaluees, measured: new Map() };
}

function recordMeasurement(
  rules: SearchRules,
  state: SearchState,
  event: Of<'evaluated'> | Of<'evaluation-failed'>,
): SearchState {
  demand(
    state.phase === 'evaluating' && event.epoch === state.epoch && state.evaluees.includes(event.individual),
    event,
    `a measurement of an individual of epoch ${state.epoch} in phase "${state.phase}"`,
  );
  const before = state.measured.get(event.individual) ?? {};
  demand(!(event.objective in before), event, 'a measurement that is not recorded yet');
  const measurement: Measurement =
    event.type === 'evaluated'
      ? {
          value: event.value,
          defined: event.defined ?? true,
          ...(event.confusion === undefined ? {} : { confusion: event.confusion }),
        }
      : { failure: event.reason };
  const measured = new Map(state.measured).set(event.individual, {
    ...before,
    [event.objective]: measurement,
  });
  const individuals =
    event.type === 'evaluated' && event.objective === 'accuracy'
      ? changed(state.individuals, event.individual, (individual) => ({
          ...individual,
          history: [...individual.history, [event.epoch, event.value] as const],
        }))
      : state.individuals;
  const next = { ...state, measured, individuals };
  return measuredCompletely(rules, next) ? { ...next, phase: 'selecting' } : next;
}

function closeEpoch(rules: SearchRules, state: SearchState, event: Of<'selected'>): SearchState {
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
  const rows = [...state.evaluees].sort().map((id): EpochRow => {
    const { genome, trained } = state.individuals.get(id)!;
    return {
      epoch: state.epoch,
      id,
      genome,
      trained,
      measurements: state.measured.get(id)!,
      selected: survivors.has(id),
    };
  });
  const closed: SearchState = {
    ...state,
    history: [...state.history, ...rows],
    front: frontOf(rules, state),
  };
  if (state.epoch === rules.warmupEpochs + rules.epochs) return { ...closed, phase: 'finishing' };
  const offspring = breed(
    rules.space,
    event.survivors.map((id) => state.individuals.get(id)!.genome),
    survivors,
    rules.population - event.survivors.length,
    rules.variation,
    (index) => generator(rules.seed, 'offspring', state.epoch, index),
  );
  const bred = withPopulation(closed, [
    ...event.survivors.map((id) => state.individuals.get(id)!.genome),
    ...offspring,
  ]);
  return becomePlanning(rules, bred, state.epoch + 1, state.trainedSnapshot);
}

function rollBack(state: SearchState, event: Of<'rolled-back'>): SearchState {
  demand(
    (state.phase === 'training' || state.phase === 'evaluating') &&
      state.checkpoint !== null &&
      event.epoch === state.epoch,
    event,
    `epoch ${state.epoch} in training or evaluation to roll back`,
  );
  return {
    ...state.checkpoint!,
    fence: state.fence,
    numerics: state.numerics,
    rollbacks: state.rollbacks + 1,
  };
}

function withIndividuals(
  state: SearchState,
  newcomers: readonly { id: string; genome: Genome }[],
): SearchState {
  const individuals = new Map(state.individuals);
  for (const { id, genome } of newcomers) {
    if (!individuals.has(id)) individuals.set(id, { id, genome, history: [], trained: 0, diverged: 0 });
  }
  return { ...state, individuals };
}

function withPopulation(state: SearchState, genomes: readonly Genome[]): SearchState {
  const members = genomes.map((genome) => ({ id: genomeId(genome), genome }));
  return { ...withIndividuals(state, members), population: members.map(({ id }) => id) };
}

function changed(
  individuals: ReadonlyMap<string, Individual>,
  id: string,
  change: (individual: Individual) => Individual,
): ReadonlyMap<string, Individual> {
  return new Map(individuals).set(id, change(individuals.get(id)!));
}
