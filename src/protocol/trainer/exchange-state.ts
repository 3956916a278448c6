/** What the slot exchange knows: which attempts are wanted, what came of them, and what is on its way out. */
import type { SlotAssembly } from '../../gradient/slot-digest.js';
import { IdMap } from '../../search/id-map.js';
import type { HeldAttempt, SlotLease } from '../../search/step-ledger.js';

/** One attempt of a slot that is wanted. */
export interface Entry {
  readonly lease: SlotLease;
  /** Floats of its vector. */
  readonly length: number;
  /** Where the vector of another trainer is put together; null for one of our own. */
  readonly assembly: SlotAssembly | null;
  /** The whole vector; it does not change any more. */
  readonly vector: Float32Array | null;
  /** Set when the vector is whole, or known to be bad. */
  readonly held: HeldAttempt | null;
  readonly movedAt: number;
  /** Times it was asked for. */
  readonly asked: number;
  /** When each chunk of our own vector was last sent; filled in place by outgoing.ts. */
  readonly sentAt: Float64Array | null;
}

type Slots = ReadonlyMap<number, Entry>;

export interface ExchangeState {
  /** Step → slot → what is known of it. At most the step at work and the one before. */
  readonly steps: ReadonlyMap<number, Slots>;
  /** When a chunk of a member last came, or its credit for ours, or ours left: the broker is at work. */
  readonly heardAt: number;
  readonly outgoing: Outgoing;
}

/** The chunks of one vector that still wait, from `next` on. */
export interface Waiting {
  readonly step: number;
  readonly lease: SlotLease;
  readonly next: number;
}

export interface Outgoing {
  /** The other members of the epoch. */
  readonly peers: readonly string[];
  /** Bytes sent since the start, modulo 2^32. */
  readonly sent: number;
  /** Peer → the `sent` it has confirmed. */
  readonly confirmed: IdMap<number>;
  /** How many peers have confirmed each `sent`: the slowest is found without looking at all. */
  readonly levels: ReadonlyMap<number, number>;
  /** Sender → bytes that came since it was told. */
  readonly untold: IdMap<number>;
  readonly queue: readonly Waiting[];
  /** Since when the queue waits for credit; null while it does not. */
  readonly blockedSince: number | null;
}

const emptyOutgoing: Outgoing = {
  peers: [],
  sent: 0,
  confirmed: IdMap.byName(),
  levels: new Map(),
  untold: IdMap.byName(),
  queue: [],
  blockedSince: null,
};

export const emptyExchange: ExchangeState = { steps: new Map(), heardAt: -Infinity, outgoing: emptyOutgoing };
