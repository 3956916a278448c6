/**
 * The other side of joining.ts: a member sends its learned state to trainers that join, and to the evolution actor
 * where that lacks the snapshot of an epoch. It copies the state
 * once, when the first of them asks, and keeps the copy until the next commit is in its weights.
 */
import { chunkAt, chunkCount } from '../../gradient/chunks.js';
import type { Message } from '../../wire/messages.js';
import type { StateCopy } from './state-transfer.js';
import { nothingShared, SNAPSHOT_KEEPER } from './state-transfer.js';
import type { TrainerState } from './trainer-state.js';
import type { TrainerTurn } from './turn.js';

/** A trainer asks. One that is a commit ahead of us is answered when we are there, too. */
export function requested(
  turn: TrainerTurn,
  state: TrainerState,
  { from, fence, step, chunks }: Message<'StateRequest'>,
): TrainerState {
  const { sharing, epoch, appliedStep, directive } = state;
  const mayAsk = from === SNAPSHOT_KEEPER || directive?.members.includes(from) === true;
  if (epoch === null || fence !== state.fence || !mayAsk) return state;
  if (step !== appliedStep && step !== appliedStep + 1) return state;
  const { stateWords, exchange } = turn.setup;
  const count = chunkCount(stateWords, exchange.chunkBytes);
  const known = chunks.filter((index) => index < count);
  const requests = new Map(sharing.requests).set(from, { step, chunks: known });
  return { ...state, sharing: { ...sharing, requests } };
}

/** The copy is made. It counts while no other step is in the weights. */
export function copied(state: TrainerState, copy: StateCopy): TrainerState {
  const sharing = { ...state.sharing, asked: null };
  return { ...state, sharing: copy.step === state.appliedStep ? { ...sharing, copy } : sharing };
}

/** Sends what is asked for and here; has the copy made where it is not. */
export function shared(turn: TrainerTurn, state: TrainerState): TrainerState {
  const { sharing, appliedStep, epoch } = state;
  if (sharing === nothingShared) return state;
  const open = [...sharing.requests].filter(([, { step }]) => epoch !== null && step >= appliedStep);
  const copy = sharing.copy?.step === appliedStep && epoch !== null ? sharing.copy : null;
  const isDue = ([, { step }]: (typeof open)[number]): boolean => step === appliedStep;
  const due = open.filter(isDue);
  if (due.length === 0 || copy === null) {
    const next = { ...state, sharing: { ...sharing, requests: new Map(open), copy } };
    return due.length === 0 ? rested(next) : askedForCopy(turn, next);
  }
  for (const [to, { chunks }] of due) send(turn, state, copy, { to, chunks });
  return { ...state, sharing: { ...sharing, requests: new Map(open.filter((each) => !isDue(each))), copy } };
}

function rested(state: TrainerState): TrainerState {
  const { requests, asked, copy } = state.sharing;
  return requests.size === 0 && asked === null && copy === null
    ? { ...state, sharing: nothingShared }
    : state;
}

/** Weights that are being moved are copied afterwards. */
function askedForCopy(turn: TrainerTurn, state: TrainerState): TrainerState {
  const { sharing, appliedStep, work } = state;
  const isMoving = work !== null && work.command.kind !== 'compute' && work.command.kind !== 'digest';
  if (isMoving || sharing.asked === appliedStep) return state;
  turn.save.push({ kind: 'copy-state', step: appliedStep });
  return { ...state, sharing: { ...sharing, asked: appliedStep } };
}

function send(
  turn: TrainerTurn,
  { fence }: TrainerState,
  { step, words, digest }: StateCopy,
  { to, chunks }: { readonly to: string; readonly chunks: readonly number[] },
): void {
  const { id, exchange } = turn.setup;
  for (const chunk of chunks) {
    const { index, payload } = chunkAt(words, chunk, exchange.chunkBytes);
    const head = { from: id, fence: fence!, step, index, length: words.length };
    turn.tell('StateChunk', { ...head, digest, payload }, to);
  }
}
