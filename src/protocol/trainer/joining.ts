/**
 * Joining in mid-epoch: a trainer that a step plan names as joining takes the learned state, as it is before
 * the step, over from a member. It asks for a window of chunks at a time, and another member when one does
 * not answer. The members cannot move on before it says what it holds of the step, so the state it is sent
 * does not become old on the way.
 */
import { Assembly, digestOf } from '../../gradient/chunks.js';
import type { Message } from '../../wire/messages.js';
import { STATE_CHUNKS } from '../../wire/schemas.js';
import type { Directive } from './commands.js';
import { cleared } from './exchange.js';
import type { Incoming } from './state-transfer.js';
import type { TrainerState } from './trainer-state.js';
import { becomeUnloaded } from './trainer-state.js';
import type { TrainerTurn } from './turn.js';

/** Requests in a row that a member may leave without an answer. */
const UNANSWERED = 3;

/** True for a trainer that is to take part in the step and does not hold its weights. */
export function needsState(id: string, { joined }: TrainerState, { fence, step }: Directive): boolean {
  if (step?.joining?.trainers.includes(id) !== true) return false;
  return joined?.fence !== fence || joined.step !== step.step;
}

/** Asks for the state; begun anew where what is on its way is of another step. */
export function fetched(turn: TrainerTurn, state: TrainerState, directive: Directive): TrainerState {
  const { fence, step } = directive;
  const { incoming } = state;
  if (incoming?.fence === fence && incoming.step === step!.step) return state;
  const unloaded = becomeUnloaded({ ...state, exchange: cleared(state.exchange) });
  return request(turn, { ...unloaded, incoming: emptied(turn, fence, step!.step, 0) });
}

/** A piece of the state came. */
export function stateChunk(
  turn: TrainerTurn,
  state: TrainerState,
  chunk: Message<'StateChunk'>,
): { readonly state: TrainerState; readonly completed: boolean } {
  const { incoming } = state;
  const same = { state, completed: false };
  if (incoming === null || chunk.fence !== incoming.fence || chunk.step !== incoming.step) return same;
  const { assembly } = incoming;
  if (chunk.length !== assembly.length || assembly.complete) return same;
  if (incoming.digest !== null && incoming.digest !== chunk.digest) return same;
  const verdict = assembly.add(chunk.index, chunk.payload);
  if (verdict !== 'stored' && verdict !== 'complete') return same;
  const due = Math.max(0, incoming.due - 1);
  const moved = { ...incoming, digest: chunk.digest, due, unanswered: 0, movedAt: turn.now };
  const next = { ...state, incoming: moved };
  if (verdict === 'stored') return { state: due === 0 ? request(turn, next) : next, completed: false };
  // Each chunk was whole; the whole is compared all the same, as chunks of two senders may have met.
  if (digestOf(assembly.vector) !== chunk.digest) return { state: elsewhere(turn, next), completed: false };
  return { state: next, completed: true };
}

/** Asks once more for what stands still; a member that says nothing is left for another. */
export function chased(turn: TrainerTurn, state: TrainerState): TrainerState {
  const { incoming, directive } = state;
  if (incoming === null || incoming.assembly.complete) return state;
  if (directive === null || !needsState(turn.setup.id, state, directive)) return state;
  if (turn.now - incoming.movedAt < turn.setup.exchange.chaseMs) return state;
  if (incoming.unanswered >= UNANSWERED) return elsewhere(turn, state);
  return request(turn, { ...state, incoming: { ...incoming, unanswered: incoming.unanswered + 1 } });
}

/** From another member, from the beginning. */
function elsewhere(turn: TrainerTurn, state: TrainerState): TrainerState {
  const { fence, step, tries } = state.incoming!;
  return request(turn, { ...state, incoming: emptied(turn, fence, step, tries + 1) });
}

function emptied(turn: TrainerTurn, fence: number, step: number, tries: number): Incoming {
  const { stateWords, exchange } = turn.setup;
  const assembly = new Assembly(stateWords, exchange.chunkBytes);
  return { fence, step, tries, assembly, digest: null, due: 0, unanswered: 0, movedAt: turn.now };
}

/** Asks a member that holds the state for the next chunks. */
function request(turn: TrainerTurn, state: TrainerState): TrainerState {
  const { incoming, directive } = state;
  const { id, exchange } = turn.setup;
  const { fence, step, assembly, tries } = incoming!;
  const joining = directive!.step!.joining!.trainers;
  const holders = directive!.members.filter((member) => !joining.includes(member));
  if (holders.length === 0) return state;
  // Trainers that join together ask different members.
  const holder = holders[(tries + Math.max(0, joining.indexOf(id))) % holders.length]!;
  const window = Math.max(1, Math.floor(exchange.windowBytes / exchange.chunkBytes));
  const chunks = assembly.missing().slice(0, Math.min(window, STATE_CHUNKS));
  turn.tell('StateRequest', { from: id, fence, step, chunks }, holder);
  return { ...state, incoming: { ...incoming!, due: chunks.length, movedAt: turn.now } };
}
