/**
 * Who works for the run: workers by id, alive while they are heard. A worker process that was started
 * again has a new incarnation; the old one is lost the moment the new one says hello.
 */
import { IdMap } from '../../search/id-map.js';
import type { SearchState } from '../../search/state.js';
import type { Message, Role } from '../../wire/messages.js';
import { PROTOCOL } from '../../wire/messages.js';

export interface Worker {
  readonly id: string;
  readonly role: Role;
  readonly incarnation: string;
  /** What decides the bits it computes. */
  readonly numerics: Numerics;
  readonly position: { readonly epoch: number; readonly appliedStep: number } | null;
  readonly device: string;
  /** What it sees of its device; for people. */
  readonly seen: Message<'Hello'>['seen'];
  /** It was told to end: it gets no more epochs. */
  readonly isLeaving: boolean;
}

export interface Numerics {
  readonly fingerprint: string;
  readonly canary: string;
}

export interface Membership {
  /** Who is here: replaced as a worker comes, goes, or is told to; not by each word of it. */
  readonly workers: ReadonlyMap<string, Worker>;
  /** When each of them was last heard. */
  readonly heardAt: IdMap<number>;
  /** No silence up to then counts. */
  readonly graceAt: number;
  /** Every id that ever was a member, with its role. */
  readonly known: ReadonlyMap<string, Role>;
}

/** Ids a run takes in over its life; more are a mistake or an attack. */
const KNOWN_LIMIT = 4096;

export const emptyMembership: Membership = {
  workers: new Map(),
  heardAt: IdMap.byName(),
  graceAt: -Infinity,
  known: new Map(),
};

/**
 * Why a worker may not join; null when it may. `reference`: what the run computes with, once that is
 * fixed. Values of other arithmetic would make the result depend on who computed (docs/spec.md section 5).
 */
export function objection(
  membership: Membership,
  hello: Message<'Hello'>,
  reference: SearchState['numerics'],
  tolerant: boolean,
): string | null {
  if (hello.protocol !== PROTOCOL)
    return `expected protocol ${PROTOCOL}, got ${hello.protocol}; install the same version of EMARS everywhere`;
  if (!membership.known.has(hello.id) && membership.known.size >= KNOWN_LIMIT)
    return `expected at most ${KNOWN_LIMIT} different workers over the life of a run, got one more`;
  if (reference === null || tolerant || sameNumerics(hello, reference)) return null;
  const { fingerprint, canary } = reference;
  return (
    `expected the arithmetic that the run began with (fingerprint ${fingerprint}, canary ` +
    `${canary.slice(0, 12)}), got ${hello.fingerprint}, ${hello.canary.slice(0, 12)}; use hosts ` +
    'of one kind or set engine.numerics: tolerant'
  );
}

/** Takes a worker in. `replaced`: this id was here as another incarnation, which is lost now. */
export function joined(
  membership: Membership,
  hello: Message<'Hello'>,
  now: number,
): { readonly membership: Membership; readonly replaced: boolean } {
  const { id, role, incarnation, fingerprint, canary, position, device, seen } = hello;
  const before = membership.workers.get(id);
  const worker = {
    id,
    role,
    incarnation,
    numerics: { fingerprint, canary },
    position,
    device,
    seen,
    isLeaving: false,
  };
  return {
    membership: {
      ...membership,
      heardAt: membership.heardAt.with(id, now),
      workers: new Map(membership.workers).set(id, worker),
      known: new Map(membership.known).set(id, role),
    },
    replaced: before !== undefined && before.incarnation !== incarnation,
  };
}

export function heard(
  membership: Membership,
  { id, incarnation }: Message<'Heartbeat'>,
  now: number,
): Membership {
  if (membership.workers.get(id)?.incarnation !== incarnation) return membership;
  return { ...membership, heardAt: membership.heardAt.with(id, now) };
}

/** A worker was told to end. Null: it is not known, or it is another incarnation. */
export function leaving(membership: Membership, { id, incarnation }: Message<'Leave'>): Membership | null {
  const worker = membership.workers.get(id);
  if (worker?.incarnation !== incarnation) return null;
  return { ...membership, workers: new Map(membership.workers).set(id, { ...worker, isLeaving: true }) };
}

/** Grace for all: no silence up to now counts. */
export function withGrace(membership: Membership, now: number): Membership {
  return { ...membership, graceAt: now };
}

/** Ids of those not heard for longer than `silenceMs`. */
export function silent({ workers, heardAt, graceAt }: Membership, silenceMs: number, now: number): string[] {
  if (now - graceAt <= silenceMs) return [];
  return [...workers.keys()].filter((id) => now - heardAt.get(id)! > silenceMs);
}

export function without(membership: Membership, ids: readonly string[]): Membership {
  const workers = [...membership.workers].filter(([id]) => !ids.includes(id));
  const heardAt = IdMap.byName(workers.map(([id]) => [id, membership.heardAt.get(id)!]));
  return { ...membership, workers: new Map(workers), heardAt };
}

/** Trainers alive that stay, ids ascending. */
export function trainersOf({ workers }: Membership): Worker[] {
  return [...workers.values()]
    .filter(({ role, isLeaving }) => role === 'trainer' && !isLeaving)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Whether two trainers that compute one slot come to the same bits: so it is on CPUs of one kind. Libraries of GPUs
 * may sum in another order each time.
 */
export function areComparable({ workers }: Membership): boolean {
  return [...workers.values()].every(({ role, device }) => role !== 'trainer' || device === 'cpu');
}

/** A roll call, and who it names: the same message again as long as these are here. */
export interface RollCall {
  readonly workers: Membership['workers'];
  readonly message: Message<'RollCall'>;
}

/** Names the incarnations of those who are here, ascending. `last`: the roll call before, or null. */
export function rollCallOf({ workers }: Membership, fence: number, last: RollCall | null): RollCall {
  if (last?.workers === workers && last.message.fence === fence) return last;
  const present = [...workers.values()].map(({ incarnation }) => incarnation).sort();
  return { workers, message: { fence, present } };
}

/** The arithmetic of most of the workers given; ties: that of the lowest id. Null without workers. */
export function commonNumerics(workers: readonly Worker[]): Numerics | null {
  let best: { readonly numerics: Numerics; readonly count: number } | null = null;
  for (const { numerics } of workers) {
    const count = workers.filter((other) => sameNumerics(other.numerics, numerics)).length;
    if (best === null || count > best.count) best = { numerics, count };
  }
  return best?.numerics ?? null;
}

export function sameNumerics(a: Numerics, b: Numerics): boolean {
  return a.fingerprint === b.fingerprint && a.canary === b.canary;
}
