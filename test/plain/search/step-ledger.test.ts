import { describe, expect, it } from 'vitest';
import type { HeldAttempt, StepLedger } from '#emars/search/step-ledger.js';
import {
  commitOf,
  leaseAgain,
  leasesDiffer,
  leasesOf,
  loseMembers,
  openLedger,
  openSlots,
  reportHeld,
} from '#emars/search/step-ledger.js';
import { generator } from '#emars/random/generator.js';

const ledgerOf = (slots: number, members: string[], step = 0): StepLedger =>
  openLedger(step, slots, members, { fence: 7, nextNumber: 1 });

const digestOf = (letter: string, slot: number): string => letter + String(slot);

/** What a member says when it holds the current attempts of these slots. */
const holds = (ledger: StepLedger, slots: number[], digest = 'd', bad: string | null = null): HeldAttempt[] =>
  slots.map((slot) => {
    const { fence, owner, number } = leasesOf(ledger)[slot]!;
    return { slot, fence, owner, number, digest: bad === null ? digestOf(digest, slot) : null, bad };
  });

describe('the ledger of a step', () => {
  it('commits when every member holds the same attempt of every slot, not before', () => {
    let ledger = ledgerOf(2, ['a', 'b']);
    expect(leasesOf(ledger).map(({ owner }) => owner)).toEqual(['a', 'b']);
    ledger = reportHeld(ledger, 'a', holds(ledger, [0, 1]));
    expect(commitOf(ledger)).toBeNull();
    ledger = reportHeld(ledger, 'b', holds(ledger, [1]));
    expect(openSlots(ledger)).toEqual([0]);
    ledger = reportHeld(ledger, 'b', holds(ledger, [0]));
    expect(commitOf(ledger)).toEqual([
      { slot: 0, fence: 7, owner: 'a', number: 1, digest: 'd0', diverged: false },
      { slot: 1, fence: 7, owner: 'b', number: 2, digest: 'd1', diverged: false },
    ]);
  });

  it('changes nothing in the ledger it was given', () => {
    const ledger = ledgerOf(2, ['a', 'b']);
    const before = structuredClone(ledger);
    reportHeld(ledger, 'a', holds(ledger, [0, 1]));
    leaseAgain(ledger, 1);
    loseMembers(ledger, ['b']);
    expect(ledger).toEqual(before);
  });

  it('counts a word said twice once', () => {
    const ledger = ledgerOf(1, ['a', 'b']);
    const once = reportHeld(ledger, 'a', holds(ledger, [0]));
    expect(reportHeld(once, 'a', holds(once, [0]))).toBe(once);
  });

  it('rotates leases over the members with the step, so that three share two slots evenly', () => {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let step = 0; step < 30; step++)
      for (const { owner } of leasesOf(ledgerOf(2, ['a', 'b', 'c'], step))) counts[owner]!++;
    expect(counts).toEqual({ a: 20, b: 20, c: 20 });
  });

  it('leases the slots of a lost member anew, unless everyone left holds them', () => {
    let ledger = ledgerOf(4, ['a', 'b', 'c']);
    // c owns slot 2 only; a has it, b has not.
    ledger = reportHeld(ledger, 'a', holds(ledger, [2]));
    const fewer = loseMembers(ledger, ['a', 'b']);
    expect(leasesDiffer(ledger, fewer)).toBe(true);
    expect(leasesOf(fewer)[2]!.owner).not.toBe('c');
    expect(fewer.repeated).toBe(1);
    let second = ledgerOf(3, ['a', 'b', 'c']);
    for (const member of ['a', 'b']) second = reportHeld(second, member, holds(second, [2]));
    const left = loseMembers(second, ['a', 'b']);
    expect(leasesDiffer(second, left)).toBe(false);
    expect(left.repeated).toBe(0);
  });

  it('ignores attempts that are not the lease, and members that are not in it', () => {
    let ledger = ledgerOf(1, ['a']);
    const stale = holds(ledger, [0]);
    ledger = leaseAgain(ledger, 0);
    ledger = reportHeld(ledger, 'a', stale);
    ledger = reportHeld(ledger, 'z', holds(ledger, [0]));
    expect(commitOf(ledger)).toBeNull();
    expect(commitOf(reportHeld(ledger, 'a', holds(ledger, [0])))).not.toBeNull();
  });

  it('plans a bad slot once more, then settles it as diverged with weight 0', () => {
    let ledger = ledgerOf(2, ['a', 'b']);
    ledger = reportHeld(ledger, 'a', holds(ledger, [0], 'd', 'NaN'));
    expect(leasesOf(ledger)[0]).toMatchObject({ owner: 'b', diverged: false });
    ledger = reportHeld(ledger, 'b', holds(ledger, [0], 'd', 'NaN'));
    expect(leasesOf(ledger)[0]!.diverged).toBe(true);
    for (const member of ['a', 'b']) ledger = reportHeld(ledger, member, holds(ledger, [1]));
    expect(commitOf(ledger)![0]).toMatchObject({ slot: 0, diverged: true, digest: null });
  });

  it('takes two digests of one attempt for damage and computes the slot again', () => {
    let ledger = ledgerOf(1, ['a', 'b']);
    ledger = reportHeld(ledger, 'a', holds(ledger, [0], 'one'));
    const doubted = reportHeld(ledger, 'b', holds(ledger, [0], 'other'));
    expect(leasesDiffer(ledger, doubted)).toBe(true);
    expect(commitOf(doubted)).toBeNull();
    ledger = doubted;
    for (const member of ['a', 'b']) ledger = reportHeld(ledger, member, holds(ledger, [0]));
    expect(commitOf(ledger)).not.toBeNull();
  });

  it('never uses a number twice and always commits in the end, over random reports, losses and late leases', () => {
    for (let trial = 0; trial < 300; trial++) {
      const random = generator(1, 'ledger', trial);
      let members = ['a', 'b', 'c', 'd'].slice(0, 1 + random.integer(4));
      let ledger = ledgerOf(1 + random.integer(5), members);
      const seen = new Set(leasesOf(ledger).map(({ number }) => number));
      for (let event = 0; event < 30; event++) {
        const before = leasesOf(ledger).map(({ number }) => number);
        const member = random.pick(members);
        if (random.chance(0.2)) ledger = leaseAgain(ledger, random.integer(before.length));
        else if (random.chance(0.1) && members.length > 1)
          ledger = loseMembers(ledger, (members = members.filter((id) => id !== member)));
        else ledger = reportHeld(ledger, member, holds(ledger, [random.integer(before.length)]));
        for (const { slot, number, owner } of leasesOf(ledger)) {
          if (number === before[slot]) continue;
          expect(seen.has(number)).toBe(false);
          seen.add(number);
          expect(members).toContain(owner);
        }
      }
      const every = leasesOf(ledger).map(({ slot }) => slot);
      for (const member of members) ledger = reportHeld(ledger, member, holds(ledger, every));
      expect(commitOf(ledger)).toHaveLength(every.length);
    }
  });
});
