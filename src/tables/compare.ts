/**
 * Do two models differ in AUC? DeLong's test of the first one named against each other that predicted the same
 * scans. Scans count as independent: with several of a patient the p-value is too small, which is said.
 */
import { deLongTest } from '../metrics/delong.js';
import type { PredictedScan } from '../model/stored-predictions.js';

/** What a model said of the scans that its figures are of. */
export interface Comparable {
  readonly name: string;
  readonly classes: readonly string[];
  /** Positive class; null where there is none. */
  readonly positive: string | null;
  readonly scans: readonly PredictedScan[];
}

/** Scans that a side of the test needs. */
const FEWEST = 2;

/** DeLong's test of two models. */
export interface Comparison {
  readonly first: Comparable;
  readonly second: Comparable;
  /** AUC of the positive class, of each. */
  readonly auc: readonly [number, number];
  /** Above 0 where the first is better; null where both rank all scans alike. */
  readonly z: number | null;
  /** Two-sided. */
  readonly p: number;
}

/** For each model that can be compared with the first. */
export function comparisons(models: readonly (Comparable | null)[]): Comparison[] {
  const [first, ...others] = models;
  if (first == null) return [];
  return others.flatMap((other) => (other === null ? [] : (compared(first, other) ?? [])));
}

function compared(a: Comparable, b: Comparable): Comparison | null {
  if (a.positive === null || a.positive !== b.positive || a.scans.length !== b.scans.length) return null;
  const ofB = new Map(b.scans.map((row) => [row.scan, row]));
  const pairs = a.scans.map((row) => ({ row, other: ofB.get(row.scan) }));
  const positive = a.scans.map((row) => row.class === a.positive);
  const positives = positive.filter(Boolean).length;
  if (positives < FEWEST || positive.length - positives < FEWEST) return null;
  const [columnA, columnB] = [a.classes.indexOf(a.positive), b.classes.indexOf(b.positive)];
  const scores: { readonly a: number[]; readonly b: number[] } = { a: [], b: [] };
  for (const { row, other } of pairs) {
    if (other?.class !== row.class) return null;
    scores.a.push(row.probabilities[columnA]!);
    scores.b.push(other.probabilities[columnB]!);
  }
  return { first: a, second: b, ...deLongTest(scores.a, scores.b, positive) };
}

/** A line for people. */
export function comparisonText({ first: a, second: b, auc, z, p }: Comparison): string {
  const patients = new Set(a.scans.map(({ patient }) => patient)).size;
  const percent = (share: number): string => (100 * share).toFixed(1);
  return (
    `AUC of ${a.positive ?? ''}: ${a.name} ${percent(auc[0])}, ${b.name} ${percent(auc[1])}; DeLong ` +
    `z = ${z === null ? '0' : z.toFixed(2)}, p = ${p < 0.001 ? p.toExponential(1) : p.toFixed(3)}, ` +
    `${a.scans.length} scans` +
    (patients < a.scans.length ? ` of ${patients} patients, taken as independent: p is too small` : '')
  );
}
