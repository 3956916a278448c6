/**
 * What a split says about itself: patients and scans of each class on each side, and whether a
 * patient stands on two sides.
 */
import type { Split } from '../../run/split.js';

export const SIDES = ['train', 'validation', 'test'] as const;
export type Side = (typeof SIDES)[number];

export interface SideCount {
  readonly patients: number;
  readonly scans: number;
}

/** Counts of one class on one side, or of a whole side for `null`. Patients are counted once. */
export function sideCount(split: Split, side: Side, name: string | null): SideCount {
  const scans = split[side].filter((scan) => name === null || scan.class === name);
  return { patients: new Set(scans.map((scan) => scan.patient)).size, scans: scans.length };
}

/** Patients with scans on more than one side, sorted; none in a leak-free split. */
export function leakingPatients(split: Split): string[] {
  const sides = new Map<string, Set<Side>>();
  for (const side of SIDES) {
    for (const { patient } of split[side]) {
      const known = sides.get(patient) ?? new Set<Side>();
      known.add(side);
      sides.set(patient, known);
    }
  }
  return [...sides].flatMap(([patient, found]) => (found.size > 1 ? [patient] : [])).sort();
}
