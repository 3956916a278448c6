/**
 * The book of one training step: who holds the lease of each slot, which attempts the members hold,
 * and when the step can be committed. Pure: time and membership come in as arguments.
 *
 * A step commits when every member holds the same attempt of every slot with the same digest. A lease
 * is given anew when its owner is lost or late, or when the vector is bad; bad twice, the slot is
 * settled as diverged with weight 0, whatever the number of trainers.
 */
import type { Attempt, CommittedSlot } from './events.js';

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

/** Bad vectors of a slot before it is settled as diverged. */
const BAD_LIMIT = 2;

export function sameAttempt(a: Attempt, b: Attempt): boolean {
  return a.fence === b.fence && a.owner === b.owner && a.number === b.number;
}

export class StepLedger {
  private readonly leases: SlotLease[];
  private readonly bad: number[];
  private readonly held = new Map<string, Map<number, HeldAttempt>>();
  /** Leases given again. */
  repeated = 0;

  /**
   * Leases rotate over the members with the step, so that shares even out even when there are fewer
   * slots than members. `nextNumber` gives numbers that are never used twice under this fence.
   */
  constructor(
    readonly step: number,
    slots: number,
    private members: readonly string[],
    private readonly fence: number,
    private readonly nextNumber: () => number,
  ) {
    if (members.length === 0)
      throw new RangeError('expected at least one member to lease slots to, got none');
    this.leases = Array.from({ length: slots }, (_, slot) =>
      this.lease(slot, members[(step * slots + slot) % members.length]!),
    );
    this.bad = this.leases.map(() => 0);
  }

  current(): readonly SlotLease[] {
    return this.leases;
  }

  /** Takes a member's word in. True when it changed a lease, so that the plan must be sent again. */
  report(member: string, attempts: readonly HeldAttempt[]): boolean {
    if (!this.members.includes(member)) return false;
    const mine = this.held.get(member) ?? new Map<number, HeldAttempt>();
    this.held.set(member, mine);
    let replanned = false;
    for (const attempt of attempts) {
      const lease = this.leases[attempt.slot];
      if (lease === undefined || lease.diverged || !sameAttempt(attempt, lease)) continue;
      if (attempt.bad === null && attempt.digest === null) continue;
      if (attempt.bad === null && !this.contradicts(attempt)) {
        mine.set(attempt.slot, attempt);
        continue;
      }
      this.refuse(attempt.slot);
      replanned = true;
    }
    return replanned;
  }

  /** Two members hold different bytes under one attempt: damaged on the way, so neither counts. */
  private contradicts(attempt: HeldAttempt): boolean {
    for (const theirs of this.held.values()) {
      const other = theirs.get(attempt.slot);
      if (other !== undefined && sameAttempt(other, attempt) && other.digest !== attempt.digest) return true;
    }
    return false;
  }

  private refuse(slot: number): void {
    this.bad[slot] = this.bad[slot]! + 1;
    const lease = this.leases[slot]!;
    if (this.bad[slot] >= BAD_LIMIT) this.leases[slot] = { ...lease, diverged: true };
    else this.leaseAgain(slot);
  }

  /** The slot's owner is late or its vector was bad: another member computes it, if there is one. */
  leaseAgain(slot: number): void {
    const owner = this.leases[slot]!.owner;
    const next = this.members[(this.members.indexOf(owner) + 1) % this.members.length]!;
    this.leases[slot] = this.lease(slot, next);
    this.repeated++;
  }

  /**
   * Goes on with fewer members. Slots whose lost owner's vector is not with every survivor are
   * leased anew. True when a lease changed.
   */
  lose(members: readonly string[]): boolean {
    if (members.length === 0) throw new RangeError('expected at least one member to go on with, got none');
    this.members = members;
    for (const member of [...this.held.keys()]) if (!members.includes(member)) this.held.delete(member);
    let replanned = false;
    for (const lease of [...this.leases]) {
      if (lease.diverged || members.includes(lease.owner) || this.everyoneHolds(lease)) continue;
      this.leases[lease.slot] = this.lease(lease.slot, members[lease.slot % members.length]!);
      this.repeated++;
      replanned = true;
    }
    return replanned;
  }

  /** Slots that some member still lacks, ascending. */
  open(): number[] {
    return this.leases
      .filter((lease) => !lease.diverged && !this.everyoneHolds(lease))
      .map(({ slot }) => slot);
  }

  /** The commit, once every member holds the same attempts; null before. */
  commit(): CommittedSlot[] | null {
    if (this.open().length > 0) return null;
    return this.leases.map(({ slot, fence, owner, number, diverged }) => ({
      slot,
      fence,
      owner,
      number,
      digest: diverged ? '' : this.held.get(this.members[0]!)!.get(slot)!.digest!,
      diverged,
    }));
  }

  private everyoneHolds(lease: SlotLease): boolean {
    return this.members.every((member) => {
      const mine = this.held.get(member)?.get(lease.slot);
      return mine !== undefined && sameAttempt(mine, lease);
    });
  }

  private lease(slot: number, owner: string): SlotLease {
    return { slot, owner, fence: this.fence, number: this.nextNumber(), diverged: false };
  }
}
