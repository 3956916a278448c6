/** What holds of every history of a step: reports good and bad, late owners, lost members, in any order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { HeldAttempt, SlotLease, StepLedger } from '#emars/search/step-ledger.js';
import {
  commitOf,
  leaseAgain,
  leasesOf,
  loseMembers,
  openLedger,
  openSlots,
  reportHeld,
} from '#emars/search/step-ledger.js';
import { holds } from '../property.js';

const FENCE = 7;

type Happening =
  | { readonly kind: 'report'; readonly member: number; readonly slot: number; readonly bad: boolean }
  | { readonly kind: 'other-bytes'; readonly member: number; readonly slot: number }
  | { readonly kind: 'stale'; readonly member: number }
  | { readonly kind: 'late'; readonly slot: number }
  | { readonly kind: 'lost'; readonly member: number };

const pick = fc.nat({ max: 11 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      member: pick,
      slot: pick,
      bad: fc.constant(false),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      member: pick,
      slot: pick,
      bad: fc.constant(true),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('other-bytes' as const), member: pick, slot: pick }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stale' as const), member: pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('late' as const), slot: pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lost' as const), member: pick }) },
);
const step = fc.record({
  step: fc.nat({ max: 50 }),
  slots: fc.integer({ min: 1, max: 4 }),
  members: fc.integer({ min: 1, max: 4 }).map((n) => ['a', 'b', 'c', 'd'].slice(0, n)),
  story: fc.array(happening, { maxLength: 60 }),
});

const held = ({ slot, fence, owner, number }: SlotLease, over: Partial<HeldAttempt> = {}): HeldAttempt => ({
  slot,
  fence,
  owner,
  number,
  digest: `bytes of ${slot}/${number}`,
  bad: null,
  ...over,
});

interface Told {
  readonly ledger: StepLedger;
  readonly members: readonly string[];
  /** Every lease that was ever given, in the order given. */
  readonly given: readonly SlotLease[];
  /** What each member last said it holds, good, by `member/slot/number`. */
  readonly said: ReadonlyMap<string, string>;
}

/** Plays a story; `after` looks at the ledger after each happening. */
function tell(
  {
    step: number,
    slots,
    members,
    story,
  }: { step: number; slots: number; members: string[]; story: Happening[] },
  after: (told: Told, before: readonly SlotLease[]) => void = () => undefined,
): Told {
  let alive = members;
  let ledger = openLedger(number, slots, alive, { fence: FENCE, nextNumber: 1 });
  const given: SlotLease[] = leasesOf(ledger);
  const said = new Map<string, string>();
  const told = (): Told => ({ ledger, members: alive, given, said });
  const report = (member: string, attempt: HeldAttempt): void => {
    ledger = reportHeld(ledger, member, [attempt]);
    if (attempt.bad === null) said.set(`${member}/${attempt.slot}/${attempt.number}`, attempt.digest!);
  };
  for (const event of story) {
    const before = leasesOf(ledger);
    const member = 'member' in event ? alive[event.member % alive.length]! : '';
    const lease = 'slot' in event ? before[event.slot % slots]! : before[0]!;
    switch (event.kind) {
      case 'report':
        report(member, held(lease, event.bad ? { bad: 'NaN' } : {}));
        break;
      case 'other-bytes':
        report(member, held(lease, { digest: `other bytes from ${member}` }));
        break;
      case 'stale':
        ledger = reportHeld(
          ledger,
          member,
          given.filter((old) => !before.includes(old)).map((old) => held(old)),
        );
        break;
      case 'late':
        if (!lease.diverged) ledger = leaseAgain(ledger, lease.slot);
        break;
      case 'lost':
        if (alive.length > 1) {
          alive = alive.filter((name) => name !== member);
          ledger = loseMembers(ledger, alive);
        }
        break;
    }
    given.push(...leasesOf(ledger).filter((now) => before.every((old) => old.number !== now.number)));
    after(told(), before);
  }
  return told();
}

it('an attempt is never given twice, and the number of a slot only rises', () => {
  holds(
    fc.property(step, (told) => {
      const { given, ledger } = tell(told, ({ ledger: now }, before) => {
        leasesOf(now).forEach((lease, slot) => {
          expect(lease.slot).toBe(slot);
          expect(lease.number).toBeGreaterThanOrEqual(before[slot]!.number);
        });
      });
      const numbers = given.map(({ number }) => number);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(given.every(({ fence }) => fence === FENCE)).toBe(true);
      expect(ledger.repeated).toBeLessThanOrEqual(given.length);
    }),
    400,
  );
});

it('what is settled as diverged stays so', () => {
  holds(
    fc.property(step, (told) => {
      tell(told, ({ ledger }, before) => {
        for (const old of before) if (old.diverged) expect(leasesOf(ledger)[old.slot]).toEqual(old);
      });
    }),
  );
});

it('a commit names the current attempt of each slot, once, and there is one exactly when none is open', () => {
  holds(
    fc.property(step, (told) => {
      tell(told, ({ ledger }) => {
        const commit = commitOf(ledger);
        expect(commit === null).toBe(openSlots(ledger).length > 0);
        commit?.forEach((slot, i) => {
          const lease = leasesOf(ledger)[i]!;
          expect(slot).toMatchObject({ slot: i, fence: FENCE, owner: lease.owner, number: lease.number });
          expect(slot.digest === null).toBe(lease.diverged);
        });
      });
    }),
    400,
  );
});

it('a commit names bytes that every member has said it holds', () => {
  holds(
    fc.property(step, (told) => {
      tell(told, ({ ledger, members, said }) => {
        for (const { slot, number, digest, diverged } of commitOf(ledger) ?? [])
          if (!diverged)
            expect(members.map((member) => said.get(`${member}/${slot}/${number}`))).toEqual(
              members.map(() => digest),
            );
      });
    }),
    400,
  );
});

it('a good report taken in twice is one', () => {
  holds(
    fc.property(step, pick, pick, (story, whose, which) => {
      const { ledger, members } = tell(story);
      const member = members[whose % members.length]!;
      const lease = leasesOf(ledger)[which % story.slots]!;
      const once = reportHeld(ledger, member, [held(lease)]);
      const now = leasesOf(once)[lease.slot]!;
      if (now.number !== lease.number) return; // It contradicted another member: both count no more.
      expect(reportHeld(once, member, [held(lease)])).toBe(once);
    }),
  );
});

it('whatever happened, the step ends once every member holds what is leased', () => {
  holds(
    fc.property(step, (told) => {
      const { ledger: before, members } = tell(told);
      let ledger = before;
      // Bytes that were reported under an attempt before may contradict: a few rounds settle it.
      for (let round = 0; round < 3 * told.slots + 1; round++)
        for (const member of members)
          ledger = reportHeld(
            ledger,
            member,
            leasesOf(ledger).map((lease) => held(lease)),
          );
      expect(openSlots(ledger)).toEqual([]);
      expect(commitOf(ledger)).toHaveLength(told.slots);
    }),
    400,
  );
});
