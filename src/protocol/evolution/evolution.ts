/**
 * The evolution actor as a machine: the one writer of the search. It holds the population, the histories,
 * plans and selection; it computes no gradient and no accuracy.
 *
 * State: the search (a fold over the journal), who is alive, and the machine of the phase at work. An
 * input is handled, then `advance` (advance.ts) does what the search asks for next. Truth is the journal: a process
 * that runs this may die anywhere.
 */
import type { Message } from '../../wire/messages.js';
import type { RecordedStep } from '../step.js';
import { advance } from './advance.js';
import * as attendance from './attendance.js';
import type { EvolutionCommand, EvolutionInput } from './commands.js';
import * as evaluation from './evaluation.js';
import type { EvolutionSetup, EvolutionState } from './evolution-state.js';
import * as membership from './membership.js';
import * as objectives from './objective-actors.js';
import { entered, statusOf } from './status.js';
import * as training from './training.js';
import { becomeAdopting, becomeRestoring } from './transitions.js';
import { Turn } from './turn.js';

const ROLL_CALL_MS = 1000;
const ECHO_MS = 2000;

/** Errors: HistoryError where an event does not fit the search: of a damaged journal, or of a bug. */
export function step(
  setup: EvolutionSetup,
  state: EvolutionState,
  input: EvolutionInput,
  now: number,
): RecordedStep<EvolutionState, EvolutionCommand> {
  if (state.stage === 'over') return { state, record: [], save: [], send: [] };
  const turn = turnOf(setup, state, now);
  let next = advance(setup, turn, withoutQuarantined(turn, state, handle(setup, turn, state, input)));
  const stop = turn.save.find((command) => command.kind === 'stop');
  if (stop !== undefined) next = { ...next, stage: 'over' };
  // Under a new fence trainers follow nothing before they are welcomed again: the next roll call is due at once.
  if (turn.search.fence !== state.search.fence) next = { ...next, rollCallAt: -Infinity };
  next = { ...next, search: turn.search, tally: turn.tally };
  const isNews = next.stage === 'over' || next.search.phase !== state.search.phase;
  if (input.kind === 'tick' || isNews)
    turn.tell('Status', statusWith(setup, turn, next, stop?.reason ?? null));
  return { state: next, record: turn.record, save: turn.save, send: turn.send };
}

/** The last status of a process that cannot go on. */
export function failedStatus(
  setup: EvolutionSetup,
  state: EvolutionState,
  error: string,
  now: number,
): Message<'Status'> {
  return statusWith(setup, turnOf(setup, state, now), state, error);
}

function turnOf(
  setup: EvolutionSetup,
  { search, tally, membership: members }: EvolutionState,
  now: number,
): Turn {
  const checkShare = membership.areComparable(members) && !setup.tolerant ? setup.doubleCheck : 0;
  return new Turn({ rules: setup.rules, checkShare }, now, search, tally);
}

/** Whoever was found to compute wrongly in this step is sent away; its next hello is refused with the reason. */
function withoutQuarantined(turn: Turn, before: EvolutionState, state: EvolutionState): EvolutionState {
  const { quarantined } = turn.search;
  if (quarantined === before.search.quarantined) return state;
  const ids = [...quarantined.keys()];
  return {
    ...state,
    membership: membership.without(state.membership, ids),
    training: attendance.departed(state.training, ids),
  };
}

// --- handlers, in the order of the protocol ---

function handle(
  setup: EvolutionSetup,
  turn: Turn,
  state: EvolutionState,
  input: EvolutionInput,
): EvolutionState {
  switch (input.kind) {
    case 'started':
      return onStarted(setup, turn, state);
    case 'received':
      return onReceived(setup, turn, state, input);
    case 'roll-call-echoed':
      return { ...state, echoAt: turn.now };
    case 'drain':
      return { ...state, training: { ...state.training, draining: true } };
    case 'reconnected':
      return { ...state, evaluation: evaluation.reconnected(turn, state.evaluation) };
    case 'tick':
      return onTick(setup, turn, state, input.connected);
    case 'snapshot-checked': {
      const trained = training.snapshotChecked(turn, state.training, input);
      const evaluated = evaluation.snapshotChecked(turn, state.evaluation, input);
      return { ...state, training: trained, evaluation: evaluated };
    }
    case 'queue-emptied':
      return { ...state, evaluation: evaluation.queueEmptied(turn, state.evaluation) };
    case 'enqueued':
      return { ...state, evaluation: evaluation.enqueued(turn, state.evaluation) };
    case 'queue-failed':
      return { ...state, evaluation: evaluation.queueFailed(turn, state.evaluation, input.reason) };
    case 'measured':
      return {
        ...state,
        evaluation: evaluation.measured(turn, state.evaluation, input.key, input.outcome),
      };
    case 'results-written':
      return state.stage === 'writing' && input.epoch === turn.search.epoch ? becomeOver(turn, state) : state;
    default:
      return unreachable(input);
  }
}

/** Raises the fence and goes on from what the journal says. */
function onStarted(setup: EvolutionSetup, turn: Turn, state: EvolutionState): EvolutionState {
  turn.commit({ type: 'fence-raised', fence: turn.search.fence + 1 });
  const { phase, saved, step: at } = turn.search;
  if (phase !== 'training') return state;
  return {
    ...state,
    training:
      saved?.step === at
        ? becomeRestoring(turn, state.training, saved.sha256)
        : becomeAdopting(turn, state.training, setup.expectedTrainers),
    stopwatch: entered(state.stopwatch, 'train', turn.now),
  };
}

type FromWorker = Extract<EvolutionInput, { kind: 'received' }>;

function onReceived(
  setup: EvolutionSetup,
  turn: Turn,
  state: EvolutionState,
  input: FromWorker,
): EvolutionState {
  switch (input.name) {
    case 'Hello':
      return onHello(setup, turn, state, input);
    case 'Heartbeat':
      return { ...state, membership: membership.heard(state.membership, input.message, turn.now) };
    case 'Leave':
      return onLeave(turn, state, input);
    case 'EpochReady':
      return { ...state, training: training.ready(turn, state.training, input.message) };
    case 'SlotsHeld':
      return { ...state, training: training.slotsHeld(turn, state.training, input.message) };
    case 'EpochTrained':
      return { ...state, training: training.trained(turn, state.training, input.message) };
    case 'EvaluationResult': {
      const next = evaluation.result(turn, state.evaluation, input.message);
      if (input.reply !== null) turn.tell('Receipt', { accepted: true }, input.reply);
      return { ...state, evaluation: next };
    }
    case 'ObjectiveHello':
      return { ...state, objectives: objectives.hello(setup.objectives, turn, state.objectives, input) };
    case 'ObjectiveLeave':
      return { ...state, objectives: objectives.leave(turn, state.objectives, input) };
    case 'MeasureResult':
      return { ...state, objectives: objectives.measured(turn, state.objectives, input.message) };
    default:
      return unreachable(input);
  }
}

function onHello(
  setup: EvolutionSetup,
  turn: Turn,
  state: EvolutionState,
  { message, reply }: Extract<FromWorker, { name: 'Hello' }>,
): EvolutionState {
  const { numerics, fence, quarantined } = turn.search;
  const wrong = quarantined.get(message.id);
  const reason =
    wrong === undefined
      ? membership.objection(state.membership, message, numerics, setup.tolerant)
      : `expected a worker that is not quarantined, got ${message.id}: ${wrong}`;
  if (reply !== null) turn.tell('Welcome', { accepted: reason === null, reason, fence }, reply);
  if (reason !== null) {
    turn.say(`refuses ${message.id}: ${reason}`);
    return state;
  }
  const { membership: members, replaced } = membership.joined(state.membership, message, turn.now);
  const known = replaced
    ? training.lose(turn, state.training, [message.id], 'its process was started again')
    : state.training;
  return {
    ...state,
    membership: members,
    training:
      message.role === 'trainer' ? training.candidate(turn, known, message.id, message.position) : known,
  };
}

/** A worker wants to go: it is told so when nothing of it is needed, and asks again until then. */
function onLeave(
  turn: Turn,
  state: EvolutionState,
  { message, reply }: Extract<FromWorker, { name: 'Leave' }>,
): EvolutionState {
  const { id } = message;
  const members = membership.leaving(state.membership, message);
  let next = state;
  if (members !== null) {
    next = { ...state, membership: members, training: training.leaves(turn, state.training, id) };
    if (training.isFree(next.training, id))
      next = {
        ...next,
        membership: membership.without(members, [id]),
        training: attendance.departed(next.training, [id]),
      };
  }
  const accepted = !next.membership.workers.has(id);
  if (members !== null && accepted) turn.say(`${id} leaves`);
  if (reply !== null) turn.tell('Receipt', { accepted }, reply);
  return next;
}

function onTick(
  setup: EvolutionSetup,
  turn: Turn,
  state: EvolutionState,
  connected: boolean,
): EvolutionState {
  const { now } = turn;
  const { silenceMs, patienceMs } = setup.timing;
  let next: EvolutionState = { ...state, tickedAt: now };
  // Cut off from the bus (our own roll call does not come back), or late ourselves, we cannot tell who is silent.
  const isLate = !connected || now - state.echoAt > ECHO_MS || now - state.tickedAt > ROLL_CALL_MS;
  if (isLate) next = { ...next, membership: membership.withGrace(next.membership, now) };
  const lost = membership.silent(next.membership, silenceMs, now);
  if (lost.length > 0) {
    turn.say(`hears nothing more from ${lost.join(', ')}`);
    next = {
      ...next,
      membership: membership.without(next.membership, lost),
      training: attendance.departed(training.lose(turn, next.training, lost, 'it is silent'), lost),
    };
  }
  const isGathering = setup.minTrainers > 0 && !state.gathered;
  if (isGathering || membership.trainersOf(next.membership).length > 0) next = { ...next, trainerAt: now };
  else if (now - next.trainerAt > patienceMs)
    turn.stop(`no trainer for ${Math.round(patienceMs / 1000)} s; the run can be resumed`);
  next = {
    ...next,
    training: training.tick(turn, next.training, setup.timing),
    evaluation: evaluation.tick(turn, next.evaluation),
    objectives: objectives.tick(setup.objectives, turn, next.objectives, isLate),
  };
  if (now - next.rollCallAt < ROLL_CALL_MS) return next;
  const rollCall = membership.rollCallOf(next.membership, turn.search.fence, next.rollCall);
  turn.tell('RollCall', rollCall.message);
  return { ...next, rollCall, rollCallAt: now };
}

function becomeOver(turn: Turn, state: EvolutionState): EvolutionState {
  turn.tell('Farewell', { reason: 'done' });
  turn.save.push({ kind: 'finish', end: 'done' });
  return { ...state, stage: 'over' };
}

function statusWith(
  setup: EvolutionSetup,
  turn: Turn,
  state: EvolutionState,
  error: string | null,
): Message<'Status'> {
  return statusOf({
    rules: setup.rules,
    search: turn.search,
    membership: state.membership,
    objectives: state.objectives,
    tally: turn.tally,
    paces: state.training.paces,
    stopwatch: state.stopwatch,
    duplicates: state.evaluation.duplicates,
    expectedTrainers: setup.expectedTrainers,
    evaluation: evaluation.progressOf(turn),
    error,
    now: turn.now,
  }) as Message<'Status'>;
}

function unreachable(input: never): never {
  throw new TypeError(`expected a known input, got ${JSON.stringify(input)}`);
}
