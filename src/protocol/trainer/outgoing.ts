/**
 * The sending half of the exchange: a queue of chunks, drained as far as credit reaches.
 *
 * Receivers say how far they are; a sender never has more than a window on its way to the slowest of
 * them. Credit may get lost with the broker, so a queue that stood still for `creditMs` goes on by as
 * much as makes a receiver speak again. Chunks that were asked for are sent at once: the request bounds them.
 */
import { chunkAt, chunkCount } from '../../gradient/chunks.js';
import { IdMap } from '../../search/id-map.js';
import type { SlotLease } from '../../search/step-ledger.js';
import { sameAttempt } from '../../search/step-ledger.js';
import type { Message } from '../../wire/messages.js';
import type { Entry, ExchangeState, Outgoing } from './exchange-state.js';
import type { TrainerTurn } from './turn.js';

/** Takes over the peers of an epoch; what was sent before does not count against a new one's credit. */
export function becomeConnected(state: Outgoing, peers: readonly string[]): Outgoing {
  const confirmed = IdMap.byName(peers.map((peer) => [peer, state.confirmed.get(peer) ?? state.sent]));
  const levels = new Map<number, number>();
  for (const sent of confirmed.values()) levels.set(sent, (levels.get(sent) ?? 0) + 1);
  const untold = IdMap.byName([...state.untold].filter(([sender]) => confirmed.has(sender)));
  return { ...state, peers, confirmed, levels, untold };
}

/** A receiver is as far as `sent`. Only members count. */
export function confirmed(state: Outgoing, { from, sent }: Message<'Credit'>): Outgoing {
  const before = state.confirmed.get(from);
  if (before === undefined || before === sent) return state;
  const levels = new Map(state.levels).set(sent, (state.levels.get(sent) ?? 0) + 1);
  const left = levels.get(before)! - 1;
  if (left === 0) levels.delete(before);
  else levels.set(before, left);
  return { ...state, confirmed: state.confirmed.with(from, sent), levels };
}

/** Counts what came from a member, and tells it now and then. */
export function credit(turn: TrainerTurn, state: Outgoing, chunk: Message<'GradientChunk'>): Outgoing {
  const { owner, sent, payload } = chunk;
  if (!state.confirmed.has(owner)) return state;
  const untold = (state.untold.get(owner) ?? 0) + payload.length;
  const due = untold >= turn.setup.exchange.creditBytes;
  if (due) turn.tell('Credit', { from: turn.setup.id, sent }, owner);
  return { ...state, untold: state.untold.with(owner, due ? 0 : untold) };
}

/** Puts the chunks of a whole vector of ours at the end of the queue; alone in an epoch no other trainer wants them. */
export function enqueue(state: Outgoing, step: number, lease: SlotLease): Outgoing {
  if (state.peers.length === 0) return state;
  return { ...state, queue: [...state.queue, { step, lease, next: 0 }] };
}

/** Sends what waits, as far as credit reaches. Vectors that are no longer wanted are dropped. */
export function drained(turn: TrainerTurn, state: ExchangeState): ExchangeState {
  const { chunkBytes, windowBytes, creditBytes, creditMs } = turn.setup.exchange;
  let { outgoing } = state;
  if (outgoing.queue.length === 0) return state;
  let [head, ...rest] = outgoing.queue;
  const patient = outgoing.blockedSince === null || turn.now - outgoing.blockedSince < creditMs;
  let beyond = patient ? 0 : creditBytes;
  while (head !== undefined) {
    const entry = ownEntry(state, head.step, head.lease);
    if (entry === null || head.next >= chunkCount(entry.length, chunkBytes)) {
      [head, ...rest] = rest;
      continue;
    }
    if (outstanding(outgoing) + chunkBytes > windowBytes) {
      if (beyond <= 0) break;
      beyond -= chunkBytes;
    }
    outgoing = send(turn, outgoing, { step: head.step, entry, index: head.next });
    head = { ...head, next: head.next + 1 };
  }
  const queue = head === undefined ? [] : [head, ...rest];
  const blockedSince = queue.length === 0 ? null : patient ? (outgoing.blockedSince ?? turn.now) : turn.now;
  // As soon as something moves by credit alone, the wait begins anew.
  const moved = outgoing.sent !== state.outgoing.sent;
  return {
    ...state,
    // The broker has to hand these out first: what others send comes behind them.
    heardAt: moved ? turn.now : state.heardAt,
    outgoing: { ...outgoing, queue, blockedSince: blockedSince !== null && moved ? turn.now : blockedSince },
  };
}

/**
 * Sends chunks again to who misses them, past the window. Those still in the queue will come anyway, and so
 * will those just sent, as every trainer hears an answer: else each of many would be sent to all of them.
 */
export function answer(
  turn: TrainerTurn,
  state: ExchangeState,
  request: Message<'ChunkRequest'>,
): ExchangeState {
  const { chunkBytes, windowBytes, chaseMs } = turn.setup.exchange;
  const { step, slot, fence, number, missing } = request;
  const lease = { slot, fence, number, owner: turn.setup.id, diverged: false };
  const entry = ownEntry(state, step, lease);
  if (entry === null) return state;
  const waiting = state.outgoing.queue.find((each) => each.step === step && sameAttempt(each.lease, lease));
  const sentSoFar = waiting?.next ?? chunkCount(entry.length, chunkBytes);
  const wanted = missing.length === 0 ? Array.from({ length: sentSoFar }, (_, index) => index) : missing;
  let { outgoing } = state;
  const due = wanted.filter((index) => index < sentSoFar && turn.now - entry.sentAt![index]! >= chaseMs);
  for (const index of due.slice(0, windowBytes / chunkBytes))
    outgoing = send(turn, outgoing, { step, entry, index });
  return { ...state, outgoing };
}

/** Our own attempt of a slot with a good vector, or null. */
function ownEntry(state: ExchangeState, step: number, lease: SlotLease): Entry | null {
  const entry = state.steps.get(step)?.get(lease.slot);
  if (entry?.vector == null || entry.assembly !== null || entry.held?.bad !== null) return null;
  return sameAttempt(entry.lease, lease) ? entry : null;
}

/** Bytes sent that the slowest peer has not confirmed. */
function outstanding({ sent, levels }: Outgoing): number {
  return Math.max(0, ...[...levels.keys()].map((confirmed) => (sent - confirmed) >>> 0));
}

function send(
  turn: TrainerTurn,
  state: Outgoing,
  { step, entry, index }: { readonly step: number; readonly entry: Entry; readonly index: number },
): Outgoing {
  const { lease, vector, length } = entry;
  entry.sentAt![index] = turn.now;
  const chunk = chunkAt(vector!, index, turn.setup.exchange.chunkBytes);
  const sent = (state.sent + chunk.payload.length) >>> 0;
  const { fence, owner, number, slot } = lease;
  turn.tell('GradientChunk', { fence, owner, number, step, slot, ...chunk, length, sent, dtype: 'f32' });
  return { ...state, sent };
}
