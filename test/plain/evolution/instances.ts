/** Random and awkward inputs for the selection tests, the same ones in every run. */
import { generator } from '#emars/random/generator.js';
import type { Direction } from '#emars/evolution/selector.js';

/** [n][m] of reals in [0, 1) with no ties to speak of. */
export function reals(seed: number, n: number, m: number): number[][] {
  const random = generator(seed, 'test-reals', n, m);
  return Array.from({ length: n }, () => Array.from({ length: m }, () => random.uniform()));
}

/** [n][m] of integers in [0, bound): small bounds give many ties and equal rows. */
export function integers(seed: number, n: number, m: number, bound: number): number[][] {
  const random = generator(seed, 'test-integers', n, m, bound);
  return Array.from({ length: n }, () => Array.from({ length: m }, () => random.integer(bound)));
}

/** [n][m] near a flat front, so that most rows are non-dominated and niching decides. */
export function nearFront(seed: number, n: number, m: number): number[][] {
  return reals(seed, n, m).map((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map((value) => value / sum + 0.01 * row[0]!);
  });
}

export function minimise(m: number): Direction[] {
  return Array.from({ length: m }, () => 'min');
}
