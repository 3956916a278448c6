/**
 * The exchange of slot gradients among trainers (all-gather through the broker), as data.
 *
 * Every trainer needs every slot. A trainer publishes the vectors it computed in chunks (outgoing.ts),
 * assembles those of the others, asks for chunks that did not come, and keeps a step's slots until the
 * next step has committed, so that it can answer who missed something.
 *
 * Functions return the state that follows. DEVIATION from plain data: a `SlotAssembly` is filled in place by
 * `takeChunk`, as its vector has the size of a gradient; nothing else writes to it.
 */
import { chunkCount } from '../../gradient/chunks.js';
import { SlotAssembly } from '../../gradient/slot-digest.js';
import type { CommittedSlot } from '../../search/events.js';
import type { HeldAttempt, SlotLease } from '../../search/step-ledger.js';
import { sameAttempt } from '../../search/step-ledger.js';
import type { Message } from '../../wire/messages.js';
import { REQUEST_CHUNKS } from '../../wire/schemas.js';
import type { Entry, ExchangeState } from './exchange-state.js';
import { becomeConnected, confirmed, credit, enqueue } from './outgoing.js';
import type { TrainerTurn } from './turn.js';

/** What to want of a step: its leases, and how long the vector of each slot is. */
export interface Wanted {
  readonly step: number;
  readonly leases: readonly SlotLease[];
  readonly lengthOf: (slot: number) => number;
}

/** A wait for what was asked for grows to 2^5 of the first: with the default, 22 s. */
const CHASE_DOUBLINGS = 5;

/** Twice what a broker takes to hand 4 MiB, after which one gives credit, to one member: hundreds are served slowly. */
const HAND_OUT_MS = 8;

/** The other members of the epoch. Plans are repeated every second: mostly nothing changes. */
export function withPeers(state: ExchangeState, peers: readonly string[]): ExchangeState {
  const known = state.outgoing.peers;
  if (peers.length === known.length && peers.every((peer, i) => peer === known[i])) return state;
  return { ...state, outgoing: becomeConnected(state.outgoing, peers) };
}

/** Forgets all vectors, those on their way out too: an epoch begins anew. */
export function cleared(state: ExchangeState): ExchangeState {
  return { ...state, steps: new Map(), outgoing: { ...state.outgoing, queue: [], blockedSince: null } };
}

/** Wants the leased attempts of a step. Forgets steps before the last. */
export function want(
  turn: TrainerTurn,
  state: ExchangeState,
  { step, leases, lengthOf }: Wanted,
): ExchangeState {
  const { chunkBytes } = turn.setup.exchange;
  const slots = new Map(state.steps.get(step) ?? []);
  for (const lease of leases) {
    const known = slots.get(lease.slot);
    if (known !== undefined && sameAttempt(known.lease, lease)) {
      if (known.lease.diverged !== lease.diverged) slots.set(lease.slot, { ...known, lease });
      continue;
    }
    const length = lengthOf(lease.slot);
    const isOurs = lease.owner === turn.setup.id;
    const assembly = isOurs ? null : new SlotAssembly(length, chunkBytes);
    const sentAt = isOurs ? new Float64Array(chunkCount(length, chunkBytes)).fill(-Infinity) : null;
    slots.set(lease.slot, {
      lease,
      length,
      assembly,
      vector: null,
      held: null,
      movedAt: turn.now,
      asked: 0,
      sentAt,
    });
  }
  const steps = new Map([...state.steps].filter(([old]) => old >= step - 1));
  return { ...state, steps: steps.set(step, slots) };
}

/** True while this attempt of a slot is the leased one and not here yet. */
export function isWanted(state: ExchangeState, step: number, lease: SlotLease): boolean {
  const entry = state.steps.get(step)?.get(lease.slot);
  return entry?.held === null && sameAttempt(entry.lease, lease);
}

/** What is held of a step, good and bad, ascending. */
export function heldOf(state: ExchangeState, step: number): HeldAttempt[] {
  return [...(state.steps.get(step)?.values() ?? [])]
    .flatMap(({ held }) => held ?? [])
    .sort((a, b) => a.slot - b.slot);
}

/** Vectors of a committed step by slot (null where it diverged), or null while one is not here. */
export function committedVectors(
  state: ExchangeState,
  step: number,
  slots: readonly CommittedSlot[],
): (Float32Array | null)[] | null {
  const vectors: (Float32Array | null)[] = [];
  for (const slot of slots) {
    if (slot.diverged) {
      vectors.push(null);
      continue;
    }
    const entry = state.steps.get(step)?.get(slot.slot);
    if (entry?.held == null || entry.vector === null || !sameAttempt(entry.lease, slot)) return null;
    if (entry.held.bad !== null || entry.held.digest !== slot.digest) return null;
    vectors.push(entry.vector);
  }
  return vectors;
}

/** A slot computed here: why there is no vector, or one that goes to the others and must not change any more. */
export function keep(
  state: ExchangeState,
  step: number,
  lease: SlotLease,
  result: { readonly vector: Float32Array; readonly digest: string } | { readonly bad: string },
): ExchangeState {
  const entry = state.steps.get(step)?.get(lease.slot);
  if (entry === undefined || !isWanted(state, step, lease)) return state;
  const attempt = { ...attemptOf(lease), slot: lease.slot };
  if ('bad' in result)
    return withEntry(state, step, { ...entry, held: { ...attempt, digest: null, bad: result.bad } });
  const { vector, digest } = result;
  if (vector.length !== entry.length)
    throw new RangeError(`expected a slot vector of ${entry.length} floats, got ${vector.length}`);
  const held = { ...attempt, digest, bad: null };
  const kept = withEntry(state, step, { ...entry, vector, held });
  return { ...kept, outgoing: enqueue(kept.outgoing, step, lease) };
}

/**
 * Takes a chunk in, and gives its sender credit. One of a vector of another length is its owner's fault, as no other
 * may send it: the attempt is bad. `completed`: the vector is whole now, good or bad.
 */
export function takeChunk(
  turn: TrainerTurn,
  state: ExchangeState,
  chunk: Message<'GradientChunk'>,
): { readonly state: ExchangeState; readonly completed: boolean } {
  const heardAt = state.outgoing.confirmed.has(chunk.owner) ? turn.now : state.heardAt;
  const credited = { ...state, heardAt, outgoing: credit(turn, state.outgoing, chunk) };
  const entry = credited.steps.get(chunk.step)?.get(chunk.slot);
  if (entry?.assembly == null || entry.held !== null || !sameAttempt(chunk, entry.lease))
    return { state: credited, completed: false };
  if (chunk.length !== entry.length)
    return { state: withEntry(credited, chunk.step, ofWrongLength(entry, chunk.length)), completed: true };
  const verdict = entry.assembly.add(chunk.index, chunk.payload);
  if (verdict === 'complete')
    return {
      state: withEntry(credited, chunk.step, completed(entry, entry.assembly)),
      completed: true,
    };
  if (verdict !== 'stored') return { state: credited, completed: false };
  return { state: withEntry(credited, chunk.step, { ...entry, movedAt: turn.now }), completed: false };
}

/** A member is as far as that with what we have sent: so far the broker is. */
export function takeCredit(
  turn: TrainerTurn,
  state: ExchangeState,
  credited: Message<'Credit'>,
): ExchangeState {
  const heardAt = state.outgoing.confirmed.has(credited.from) ? turn.now : state.heardAt;
  return { ...state, heardAt, outgoing: confirmed(state.outgoing, credited) };
}

/**
 * Asks the owners for what stands still. All chunks come through one broker, so as long as any of a member
 * come, or ours are on their way, the missing ones are behind them and not lost; a step has only so many, so this
 * ends. Every trainer hears an answer: asked for too early it delays the chunks it is about, so each wait is
 * twice the one before.
 */
export function chase(turn: TrainerTurn, state: ExchangeState): ExchangeState {
  const chaseMs = Math.max(turn.setup.exchange.chaseMs, HAND_OUT_MS * state.outgoing.peers.length);
  if (turn.now - state.heardAt < chaseMs) return state;
  let next = state;
  for (const [step, slots] of state.steps)
    for (const entry of slots.values()) {
      const { lease, assembly, held, movedAt, asked } = entry;
      if (assembly === null || held !== null || lease.diverged) continue;
      const wait = chaseMs * 2 ** Math.min(asked, CHASE_DOUBLINGS);
      if (turn.now - movedAt < wait) continue;
      const missing = assembly.missing();
      turn.tell(
        'ChunkRequest',
        {
          from: turn.setup.id,
          fence: lease.fence,
          number: lease.number,
          step,
          slot: lease.slot,
          missing: missing.length > REQUEST_CHUNKS ? [] : missing,
        },
        lease.owner,
      );
      next = withEntry(next, step, { ...entry, movedAt: turn.now, asked: asked + 1 });
    }
  return next;
}

function attemptOf({ fence, owner, number }: SlotLease): Pick<SlotLease, 'fence' | 'owner' | 'number'> {
  return { fence, owner, number };
}

function completed(entry: Entry, assembly: SlotAssembly): Entry {
  const { vector, firstBad } = assembly;
  const bad = firstBad < 0 ? null : `value ${firstBad} of the vector is ${vector[firstBad]!}`;
  const digest = bad === null ? assembly.digest() : null;
  return { ...entry, vector, held: { ...attemptOf(entry.lease), slot: entry.lease.slot, digest, bad } };
}

function ofWrongLength(entry: Entry, length: number): Entry {
  const bad = `it has ${length} values, expected ${entry.length}`;
  return { ...entry, held: { ...attemptOf(entry.lease), slot: entry.lease.slot, digest: null, bad } };
}

function withEntry(state: ExchangeState, step: number, entry: Entry): ExchangeState {
  const slots = new Map(state.steps.get(step) ?? []).set(entry.lease.slot, entry);
  return { ...state, steps: new Map(state.steps).set(step, slots) };
}
