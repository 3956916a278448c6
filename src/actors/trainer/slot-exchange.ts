/**
 * The exchange of slot gradients among trainers (all-gather through the broker).
 *
 * Every trainer needs every slot. A trainer publishes the vectors it computed in chunks, assembles
 * those of the others, asks for chunks that did not come, and keeps a step's slots until the next
 * step has committed, so that it can answer who missed something. Receivers grant credit: a sender
 * never has more than a window on its way, far below what makes the broker cut a slow consumer off.
 */
import type { Chunk } from '../../gradient/chunks.js';
import { Assembly, cut, digestOf, firstNonFinite } from '../../gradient/chunks.js';
import type { Bus } from '../../runtime/bus/connection.js';
import { monotonicMs, sleep } from '../../runtime/process/monotonic.js';
import type { CommittedSlot } from '../../search/events.js';
import type { HeldAttempt, SlotLease } from '../../search/step-ledger.js';
import { sameAttempt } from '../../search/step-ledger.js';
import type { Message } from '../../wire/messages.js';
import { CHUNK_BYTES, decode, encode } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';

/** Bytes a sender may have on their way to its slowest receiver. */
const WINDOW_BYTES = 16 * 1024 * 1024;
/** A receiver says how far it is after so many bytes. */
const CREDIT_BYTES = 4 * 1024 * 1024;
/** The longest wait for credit; the broker holds several windows for a slow receiver. */
const CREDIT_MS = 2000;
/** A vector that stands still for so long is asked for. */
const CHASE_MS = 700;

interface Entry {
  readonly lease: SlotLease;
  readonly assembly: Assembly;
  /** Set when the vector is complete, or known to be bad. */
  held: HeldAttempt | null;
  movedAt: number;
}

export class SlotExchange {
  private readonly steps = new Map<number, Map<number, Entry>>();
  private peers: readonly string[] = [];
  private sent = 0;
  private readonly credited = new Map<string, number>();
  private readonly received = new Map<string, { sent: number; uncredited: number }>();

  constructor(
    private readonly bus: Bus,
    private readonly subjects: Subjects,
    private readonly self: string,
    /** Called when a slot of `step` became complete or bad. */
    private readonly onHeld: (step: number) => void,
  ) {
    bus.subscribe(subjects.gradient, (bytes) => this.takeChunk(decode('GradientChunk', bytes)));
    bus.subscribe(subjects.credit(self), (bytes) => {
      const { from, sent } = decode('Credit', bytes);
      this.credited.set(from, sent);
    });
    bus.subscribe(subjects.chunkRequest(self), (bytes) => this.answer(decode('ChunkRequest', bytes)));
  }

  /** The other members of the epoch; what was sent before does not count against their credit. */
  setPeers(members: readonly string[]): void {
    this.peers = members.filter((member) => member !== this.self);
    for (const peer of this.peers) if (!this.credited.has(peer)) this.credited.set(peer, this.sent);
    for (const known of [...this.credited.keys()])
      if (!this.peers.includes(known)) this.credited.delete(known);
  }

  /** Wants the leased attempts of a step; `lengthOf(slot)`: floats of its vector. Forgets steps before the last. */
  want(step: number, leases: readonly SlotLease[], lengthOf: (slot: number) => number): void {
    for (const old of [...this.steps.keys()]) if (old < step - 1) this.steps.delete(old);
    const slots = this.steps.get(step) ?? new Map<number, Entry>();
    this.steps.set(step, slots);
    for (const lease of leases) {
      const known = slots.get(lease.slot);
      if (known !== undefined && sameAttempt(known.lease, lease)) continue;
      slots.set(lease.slot, {
        lease,
        assembly: new Assembly(lengthOf(lease.slot), CHUNK_BYTES),
        held: null,
        movedAt: monotonicMs(),
      });
    }
  }

  /** Forgets everything: an epoch begins anew. */
  clear(): void {
    this.steps.clear();
  }

  /** True while this attempt of a slot is the leased one and not here yet. */
  wants(step: number, lease: SlotLease): boolean {
    const entry = this.steps.get(step)?.get(lease.slot);
    return entry?.held === null && sameAttempt(entry.lease, lease);
  }

  /** Takes a vector computed here and sends it; it must not change any more. Resolves when it is on its way to every peer. */
  async offer(step: number, lease: SlotLease, vector: Float32Array): Promise<void> {
    const entry = this.steps.get(step)?.get(lease.slot);
    if (entry === undefined || !sameAttempt(entry.lease, lease) || entry.held !== null) return;
    const chunks = cut(vector, CHUNK_BYTES);
    for (const { index, payload, checksum } of chunks) entry.assembly.add(index, payload, checksum);
    this.complete(step, entry);
    for (const chunk of chunks) {
      // Bounded: credit may get lost with the broker, and who misses a chunk asks for it.
      const patience = monotonicMs() + CREDIT_MS;
      while (this.outstanding() + CHUNK_BYTES > WINDOW_BYTES && monotonicMs() < patience) await sleep(2);
      this.send(step, entry, chunk);
    }
  }

  /** Says that a slot computed here is no gradient. */
  offerBad(step: number, lease: SlotLease, reason: string): void {
    const entry = this.steps.get(step)?.get(lease.slot);
    if (entry === undefined || !sameAttempt(entry.lease, lease)) return;
    entry.held = { ...attemptOf(lease), slot: lease.slot, digest: null, bad: reason };
    this.onHeld(step);
  }

  /** What is held of a step, good and bad, ascending. */
  held(step: number): HeldAttempt[] {
    return [...(this.steps.get(step)?.values() ?? [])]
      .flatMap(({ held }) => (held === null ? [] : [held]))
      .sort((a, b) => a.slot - b.slot);
  }

  /** Vectors of a committed step by slot (null where it diverged), or null while one is not here. */
  committed(step: number, slots: readonly CommittedSlot[]): (Float32Array | null)[] | null {
    const vectors: (Float32Array | null)[] = [];
    for (const slot of slots) {
      if (slot.diverged) {
        vectors.push(null);
        continue;
      }
      const entry = this.steps.get(step)?.get(slot.slot);
      if (entry?.held == null || !sameAttempt(entry.held, slot) || entry.held.digest !== slot.digest)
        return null;
      vectors.push(entry.assembly.vector);
    }
    return vectors;
  }

  /** Asks the owners for what stands still. Called by a timer. */
  chase(): void {
    const now = monotonicMs();
    for (const [step, slots] of this.steps) {
      for (const entry of slots.values()) {
        const { lease, assembly, held } = entry;
        if (held !== null || lease.diverged || lease.owner === this.self || now - entry.movedAt < CHASE_MS)
          continue;
        entry.movedAt = now;
        const missing = assembly.missing();
        const request = {
          from: this.self,
          ...attemptOf(lease),
          step,
          slot: lease.slot,
          missing: missing.length > 1000 ? [] : missing,
        };
        this.bus.publish(this.subjects.chunkRequest(lease.owner), encode('ChunkRequest', request));
      }
    }
  }

  private takeChunk(chunk: Message<'GradientChunk'>): void {
    if (chunk.owner === this.self) return;
    this.credit(chunk.owner, chunk.sent, chunk.payload.length);
    const entry = this.steps.get(chunk.step)?.get(chunk.slot);
    if (entry === undefined || entry.held !== null || !sameAttempt(chunk, entry.lease)) return;
    if (chunk.length !== entry.assembly.length) return;
    // A chunk with a wrong checksum or length is as good as lost: it will be asked for.
    const verdict = entry.assembly.add(chunk.index, chunk.payload, chunk.checksum);
    if (verdict === 'stored' || verdict === 'complete') entry.movedAt = monotonicMs();
    if (verdict === 'complete') this.complete(chunk.step, entry);
  }

  private complete(step: number, entry: Entry): void {
    const position = firstNonFinite(entry.assembly.vector);
    const bad =
      position < 0 ? null : `value ${position} of the vector is ${entry.assembly.vector[position]!}`;
    entry.held = {
      ...attemptOf(entry.lease),
      slot: entry.lease.slot,
      digest: bad === null ? digestOf(entry.assembly.vector).toString('hex') : null,
      bad,
    };
    this.onHeld(step);
  }

  private credit(sender: string, sent: number, bytes: number): void {
    const account = this.received.get(sender) ?? { sent: 0, uncredited: 0 };
    this.received.set(sender, account);
    account.sent = sent;
    account.uncredited += bytes;
    if (account.uncredited < CREDIT_BYTES) return;
    account.uncredited = 0;
    this.bus.publish(this.subjects.credit(sender), encode('Credit', { from: this.self, sent }));
  }

  /** Bytes sent that the slowest peer has not confirmed. */
  private outstanding(): number {
    return Math.max(
      0,
      ...this.peers.map((peer) => (this.sent - (this.credited.get(peer) ?? this.sent)) >>> 0),
    );
  }

  private send(step: number, entry: Entry, chunk: Chunk): void {
    const { lease, assembly } = entry;
    this.sent = (this.sent + chunk.payload.length) >>> 0;
    this.bus.publish(
      this.subjects.gradient,
      encode('GradientChunk', {
        ...attemptOf(lease),
        step,
        slot: lease.slot,
        ...chunk,
        length: assembly.length,
        sent: this.sent,
        dtype: 'f32',
      }),
    );
  }

  /** Sends chunks again to who misses them, past the window: bounded by the request itself. */
  private answer(request: Message<'ChunkRequest'>): void {
    const entry = this.steps.get(request.step)?.get(request.slot);
    if (
      entry?.held == null ||
      entry.held.bad !== null ||
      !sameAttempt(entry.lease, { ...request, owner: this.self })
    )
      return;
    const wanted = new Set(request.missing);
    const chunks = cut(entry.assembly.vector, CHUNK_BYTES).filter(
      ({ index }) => wanted.size === 0 || wanted.has(index),
    );
    for (const chunk of chunks.slice(0, WINDOW_BYTES / CHUNK_BYTES)) this.send(request.step, entry, chunk);
  }
}

function attemptOf({ fence, owner, number }: { fence: number; owner: string; number: number }): {
  fence: number;
  owner: string;
  number: number;
} {
  return { fence, owner, number };
}
