/**
 * The ledger of one training step: who holds the lease of each slot, which members hold its attempt,
 * and when the step can be committed. Plain data, replaced by each function; no clock of its own.
 *
 * A step commits when every member holds the same attempt of every slot with the same digest. A lease
 * is given anew when its owner is lost or late, or when the vector is bad; bad twice, the slot is
 * settled as diverged with weight 0, whatever the number of trainers.
 */
import type { Attempt, CommittedSlot } from './events.js';
import { IdMap } from './id-map.js';
import { isMember } from './members.js';

export interface SlotLease extends Attempt {
  readonly slot: number;
  readonly diverged: boolean;
}

/** What a member says it holds of a slot: a digest, or in `bad` why the vector is no gradient. */
export interface HeldAttempt extends Attempt {
  readonly slot: number;
  readonly digest: string | null;
  readonly bad: string | null;
}

/** One slot: its lease, the digest of the leased attempt once a trainer holds it, and which do. */
interface SlotEntry {
  readonly lease: SlotLease;
  readonly digest: string | null;
  readonly holders: IdMap<true>;
  /** Bad vectors so far. */
  readonly bad: number;
}

export interface StepLedger {
  /** Absolute index of the step. */
  readonly step: number;
  readonly fence: number;
  /** Ids ascending. */
  readonly members: readonly string[];
  readonly slots: readonly SlotEntry[];
  /** Leases given again. */
  readonly repeated: number;
  /** Number of the next attempt; never used twice under a fence, so it goes on from step to step. */
  readonly nextNumber: number;
}

/** Bad vectors of a slot before it is settled as diverged. */
const BAD_LIMIT = 2;

const NO_HOLDERS = IdMap.byName<true>();

export function sameAttempt(a: Attempt, b: Attempt): boolean {
  return a.fence === b.fence && a.owner === b.owner && a.number === b.number;
}

/**
 * Leases every slot of a step. Leases rotate over the members with the step, so that shares even out
 * even when there are fewer slots than members. Errors: RangeError without members.
 */
export function openLedger(
  step: number,
  slots: number,
  members: readonly string[],
  { fence, nextNumber }: { readonly fence: number; readonly nextNumber: number },
): StepLedger {
  expectMembers(members);
  let ledger: StepLedger = { step, fence, members, slots: [], repeated: 0, nextNumber };
  for (let slot = 0; slot < slots; slot++)
    ledger = becomeLeased(ledger, slot, members[(step * slots + slot) % members.length]!);
  return ledger;
}

/** The leases as members are told them, slots ascending. */
export function leasesOf(ledger: StepLedger): SlotLease[] {
  return ledger.slots.map(({ lease }) => lease);
}

/** Takes a member's word in. The leases changed where they are not those of before: the plan goes out again. */
export function reportHeld(ledger: StepLedger, member: string, attempts: readonly HeldAttempt[]): StepLedger {
  if (!isMember(ledger.members, member)) return ledger;
  let next = ledger;
  for (const attempt of attempts) {
    const entry = next.slots[attempt.slot];
    if (entry === undefined || entry.lease.diverged || !sameAttempt(attempt, entry.lease)) continue;
    if (attempt.bad === null && attempt.digest === null) continue;
    // Two members with different bytes under one attempt: damaged on the way, so neither counts.
    const good = attempt.bad === null && (entry.digest ?? attempt.digest) === attempt.digest;
    next = good ? becomeHeld(next, attempt, member) : refuse(next, attempt.slot);
  }
  return next;
}

/** What of a report is a bad vector under the lease of now: nobody has said so before. */
export function badIn({ slots }: StepLedger, attempts: readonly HeldAttempt[]): HeldAttempt[] {
  return attempts.filter((attempt) => {
    const lease = slots[attempt.slot]?.lease;
    return attempt.bad !== null && lease?.diverged === false && sameAttempt(attempt, lease);
  });
}

/** The slot's owner is late or its vector was bad: another member computes it, if there is one. */
export function leaseAgain(ledger: StepLedger, slot: number): StepLedger {
  const { members, slots, repeated } = ledger;
  const next = members[(members.indexOf(slots[slot]!.lease.owner) + 1) % members.length]!;
  return { ...becomeLeased(ledger, slot, next), repeated: repeated + 1 };
}

/**
 * Goes on with fewer members. Slots whose lost owner's vector is not with every survivor are leased
 * anew. Errors: RangeError without members.
 */
export function loseMembers(ledger: StepLedger, members: readonly string[]): StepLedger {
  expectMembers(members);
  const kept = new Set(members);
  let next: StepLedger = {
    ...ledger,
    members,
    slots: ledger.slots.map((entry) => {
      const holders = IdMap.byName([...entry.holders].filter(([id]) => kept.has(id)));
      return { ...entry, holders, digest: holders.size === 0 ? null : entry.digest };
    }),
  };
  for (const { lease } of next.slots) {
    if (kept.has(lease.owner) || settled(next, lease.slot)) continue;
    next = {
      ...becomeLeased(next, lease.slot, members[lease.slot % members.length]!),
      repeated: next.repeated + 1,
    };
  }
  return next;
}

/** Slots that some member still lacks, ascending. */
export function openSlots(ledger: StepLedger): number[] {
  return ledger.slots.map(({ lease }) => lease.slot).filter((slot) => !settled(ledger, slot));
}

/** The commit, once every member holds the same attempts; null before. */
export function commitOf(ledger: StepLedger): CommittedSlot[] | null {
  if (!ledger.slots.every(({ lease }) => settled(ledger, lease.slot))) return null;
  return ledger.slots.map(({ lease, digest }) => ({
    slot: lease.slot,
    fence: lease.fence,
    owner: lease.owner,
    number: lease.number,
    digest,
    diverged: lease.diverged,
  }));
}

/** True when the leases differ, so that members must be told. */
export function leasesDiffer(a: StepLedger, b: StepLedger): boolean {
  return a.slots.some(({ lease }, slot) => lease !== b.slots[slot]!.lease);
}

function settled({ slots, members }: StepLedger, slot: number): boolean {
  const { lease, holders } = slots[slot]!;
  return lease.diverged || holders.size === members.length;
}

function refuse(ledger: StepLedger, slot: number): StepLedger {
  const entry = ledger.slots[slot]!;
  const counted = replaced(ledger, slot, { ...entry, bad: entry.bad + 1 });
  if (entry.bad + 1 < BAD_LIMIT) return leaseAgain(counted, slot);
  return becomeDiverged(counted, slot);
}

// --- the transitions of a slot, its only writers ---

/** Gives the slot to `owner` under a new number: what is held of earlier attempts counts no more. */
function becomeLeased(ledger: StepLedger, slot: number, owner: string): StepLedger {
  const { fence, nextNumber, slots } = ledger;
  const lease = { slot, owner, fence, number: nextNumber, diverged: false };
  const entry = { lease, digest: null, holders: NO_HOLDERS, bad: slots[slot]?.bad ?? 0 };
  return { ...replaced(ledger, slot, entry), nextNumber: nextNumber + 1 };
}

/** A member holds the leased attempt. */
function becomeHeld(ledger: StepLedger, { slot, digest }: HeldAttempt, member: string): StepLedger {
  const entry = ledger.slots[slot]!;
  if (entry.holders.has(member)) return ledger;
  return replaced(ledger, slot, { ...entry, digest, holders: entry.holders.with(member, true) });
}

/** Settles the slot without a gradient, for good. */
function becomeDiverged(ledger: StepLedger, slot: number): StepLedger {
  const entry = ledger.slots[slot]!;
  const lease = { ...entry.lease, diverged: true };
  return replaced(ledger, slot, { ...entry, lease, digest: null, holders: NO_HOLDERS });
}

function replaced(ledger: StepLedger, slot: number, entry: SlotEntry): StepLedger {
  const slots = [...ledger.slots];
  slots[slot] = entry;
  return { ...ledger, slots };
}

function expectMembers(members: readonly string[]): void {
  if (members.length === 0) throw new RangeError('expected at least one member to lease slots to, got none');
}
