import { describe, expect, it } from 'vitest';
import type { HeldAttempt } from '#emars/search/step-ledger.js';
import { StepLedger } from '#emars/search/step-ledger.js';
import { generator } from '#emars/random/generator.js';

const ledgerOf = (slots: number, members: string[], step = 0): StepLedger => {
  let number = 0;
  return new StepLedger(step, slots, members, 7, () => ++number);
};

/** What a member says when it holds the current attempts of these slots. */
const holds = (ledger: StepLedger, slots: number[], digest = 'd', bad: string | null = null): HeldAttempt[] =>
  slots.map((slot) => {
    const { fence, owner, number } = ledger.current()[slot]!;
    return { slot, fence, owner, number, digest: digest + String(slot), bad };
  });

describe('the book of a step', () => {
  it('commits when every member holds the same attempt of every slot, not before', () => {
    const ledger = ledgerOf(2, ['a', 'b']);
    expect(ledger.current().map(({ owner }) => owner)).toEqual(['a', 'b']);
    ledger.report('a', holds(ledger, [0, 1]));
    expect(ledger.commit()).toBeNull();
    ledger.report('b', holds(ledger, [1]));
    expect(ledger.open()).toEqual([0]);
    ledger.report('b', holds(ledger, [0]));
    expect(ledger.commit()).toEqual([
      { slot: 0, fence: 7, owner: 'a', number: 1, digest: 'd0', diverged: false },
      { slot: 1, fence: 7, owner: 'b', number: 2, digest: 'd1', diverged: false },
    ]);
  });

  it('rotates leases over the members with the step, so that three share two slots evenly', () => {
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let step = 0; step < 30; step++)
      for (const { owner } of ledgerOf(2, ['a', 'b', 'c'], step).current()) counts[owner]!++;
    expect(counts).toEqual({ a: 20, b: 20, c: 20 });
  });

  it('leases the slots of a lost member anew, unless everyone left holds them', () => {
    const ledger = ledgerOf(4, ['a', 'b', 'c']);
    // c owns slot 2 only; a has it, b has not.
    ledger.report('a', holds(ledger, [2]));
    expect(ledger.lose(['a', 'b'])).toBe(true);
    expect(ledger.current()[2]!.owner).not.toBe('c');
    expect(ledger.repeated).toBe(1);
    const second = ledgerOf(3, ['a', 'b', 'c']);
    second.report('a', holds(second, [2]));
    second.report('b', holds(second, [2]));
    expect(second.lose(['a', 'b'])).toBe(false);
    expect(second.repeated).toBe(0);
  });

  it('ignores attempts that are not the lease, and members that are not in it', () => {
    const ledger = ledgerOf(1, ['a']);
    const stale = holds(ledger, [0]);
    ledger.leaseAgain(0);
    ledger.report('a', stale);
    ledger.report('z', holds(ledger, [0]));
    expect(ledger.commit()).toBeNull();
    ledger.report('a', holds(ledger, [0]));
    expect(ledger.commit()).not.toBeNull();
  });

  it('plans a bad slot once more, then settles it as diverged with weight 0', () => {
    const ledger = ledgerOf(2, ['a', 'b']);
    expect(ledger.report('a', holds(ledger, [0], 'd', 'NaN'))).toBe(true);
    expect(ledger.current()[0]).toMatchObject({ owner: 'b', diverged: false });
    expect(ledger.report('b', holds(ledger, [0], 'd', 'NaN'))).toBe(true);
    expect(ledger.current()[0]!.diverged).toBe(true);
    for (const member of ['a', 'b']) ledger.report(member, holds(ledger, [1]));
    expect(ledger.commit()![0]).toMatchObject({ slot: 0, diverged: true, digest: '' });
  });

  it('takes two digests of one attempt for damage and computes the slot again', () => {
    const ledger = ledgerOf(1, ['a', 'b']);
    ledger.report('a', holds(ledger, [0], 'one'));
    expect(ledger.report('b', holds(ledger, [0], 'other'))).toBe(true);
    expect(ledger.commit()).toBeNull();
    for (const member of ['a', 'b']) ledger.report(member, holds(ledger, [0]));
    expect(ledger.commit()).not.toBeNull();
  });

  it('never uses a number twice and always commits in the end, over random reports, losses and late leases', () => {
    for (let trial = 0; trial < 300; trial++) {
      const random = generator(1, 'ledger', trial);
      let members = ['a', 'b', 'c', 'd'].slice(0, 1 + random.integer(4));
      const ledger = ledgerOf(1 + random.integer(5), members);
      const seen = new Set(ledger.current().map(({ number }) => number));
      for (let event = 0; event < 30; event++) {
        const before = ledger.current().map(({ number }) => number);
        const member = random.pick(members);
        if (random.chance(0.2)) ledger.leaseAgain(random.integer(before.length));
        else if (random.chance(0.1) && members.length > 1)
          ledger.lose((members = members.filter((id) => id !== member)));
        else ledger.report(member, holds(ledger, [random.integer(before.length)]));
        for (const { slot, number, owner } of ledger.current()) {
          if (number === before[slot]) continue;
          expect(seen.has(number)).toBe(false);
          seen.add(number);
          expect(members).toContain(owner);
        }
      }
      for (const member of members)
        ledger.report(
          member,
          holds(
            ledger,
            ledger.current().map(({ slot }) => slot),
          ),
        );
      expect(ledger.commit()).toHaveLength(ledger.current().length);
    }
  });
});
