/** What holds of every split, whatever the patients: scans(patients, classes, shared contents) × seed × shares. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Split, SplitScan } from '#emars/scan/split/split.js';
import { checkSplit, sides, splitByPatient, SplitError, withoutScans } from '#emars/scan/split/split.js';
import { formatSplit } from '#emars/scan/split/split-file.js';
import { holds } from '../property.js';

/** A scan of a patient: its class, and which content it has (several scans may have the same one). */
const scanOfPatient = fc.record({
  class: fc.constantFrom('CP', 'NCP', 'Normal'),
  content: fc.option(fc.integer({ min: 0, max: 40 })),
});
const cohort: fc.Arbitrary<SplitScan[]> = fc
  .array(fc.array(scanOfPatient, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 12 })
  .map((patients) =>
    patients.flatMap((scans, p) =>
      scans.map(({ class: className, content }, s) => ({
        id: `${className}/p${p}/${s}`,
        patient: `p${p}`,
        class: className,
        ...(content === null ? {} : { contentHash: `content ${content}` }),
      })),
    ),
  );
const request = fc.record({
  fractions: fc.record({
    validation: fc.double({ min: 0.05, max: 0.5, noNaN: true }),
    test: fc.constantFrom(0, 0.2),
  }),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});

/** The split, or null where there are too few patients who may be parted. */
function drawn(scans: readonly SplitScan[], options: Parameters<typeof splitByPatient>[1]): Split | null {
  try {
    return splitByPatient(scans, options);
  } catch (error) {
    expect(error).toBeInstanceOf(SplitError);
    // Too few patients is a reason; that what was drawn leaks is none.
    expect(String(error)).not.toContain('leak');
    return null;
  }
}

/** Two scans of one patient, or of one content. */
const mustStay = (one: SplitScan, other: SplitScan): boolean =>
  one.patient === other.patient || (one.contentHash !== undefined && one.contentHash === other.contentHash);

const sideOf = (split: Split): Map<string, string> =>
  new Map(sides.flatMap((side) => split[side].map(({ id }) => [id, side] as const)));

describe('every split', () => {
  it('has each scan once, and no patient and no content on two sides', () => {
    let splits = 0;
    holds(
      fc.property(cohort, request, (scans, options) => {
        const split = drawn(scans, options);
        if (split === null) return;
        splits++;
        const side = sideOf(split);
        expect(split.train.length + split.validation.length + split.test.length).toBe(scans.length);
        expect([...side.keys()].sort()).toEqual(scans.map(({ id }) => id).sort());
        const parted = scans.flatMap((one) =>
          scans.filter((other) => mustStay(one, other) && side.get(one.id) !== side.get(other.id)),
        );
        expect(parted).toEqual([]);
      }),
      400,
    );
    expect(splits).toBeGreaterThan(50);
  });

  it('does not depend on the order of the scans', () => {
    holds(
      fc.property(
        cohort.chain((scans) =>
          fc.tuple(
            fc.constant(scans),
            fc.shuffledSubarray(scans, { minLength: scans.length, maxLength: scans.length }),
          ),
        ),
        request,
        ([scans, shuffled], options) => {
          expect(drawn(shuffled, options)).toEqual(drawn(scans, options));
        },
      ),
    );
  });

  it('is in its file what it was in memory', () => {
    holds(
      fc.property(cohort, request, (scans, options) => {
        const split = drawn(scans, options);
        if (split !== null) expect(JSON.parse(formatSplit(split))).toEqual(split);
      }),
    );
  });

  it('is refused as a leak once one scan of a patient with several goes to the other side', () => {
    let leaks = 0;
    holds(
      fc.property(cohort, request, fc.nat(), (scans, options, pick) => {
        const split = drawn(scans, options);
        const several = split?.train.filter(({ id, patient }) =>
          split.train.some((other) => other.patient === patient && other.id !== id),
        );
        const moved = several?.[pick % Math.max(1, several.length)];
        if (!split || !moved) return;
        leaks++;
        const leaking: Split = {
          ...split,
          train: split.train.filter(({ id }) => id !== moved.id),
          validation: [...split.validation, moved],
        };
        expect(() => {
          checkSplit(leaking, scans);
        }).toThrow(new RegExp(`patient ${moved.patient} is in .*: a leak`));
      }),
    );
    expect(leaks).toBeGreaterThan(50);
  });

  it('loses scans once: to leave the same ones out again changes nothing', () => {
    holds(
      fc.property(cohort, request, fc.nat({ max: 7 }), (scans, options, every) => {
        const split = drawn(scans, options);
        if (split === null) return;
        const gone = new Set(scans.filter((_, i) => i % 8 === every).map(({ id }) => id));
        const once = withoutScans(split, gone);
        expect(withoutScans(once, gone)).toEqual(once);
        expect([...sideOf(once).keys()].some((id) => gone.has(id))).toBe(false);
        expect(sideOf(once).size).toBe(scans.length - gone.size);
      }),
    );
  });
});
