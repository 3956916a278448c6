/** How good a set of solutions is, and whether two samples of that differ: IGD, median, rank-sum test. */
import type { Case } from './problems.js';
import { frontTargets } from './problems.js';

/**
 * Inverted generational distance: the mean over the targets of the distance to the nearest of
 * `values` [N][M]. Scale and shift are taken out first, as the papers do. The targets are where the
 * reference lines meet the true front (Deb & Jain 2014, section V-A), so a perfect run tends to 0; to
 * a dense sample of the front the same population would have some 0.05.
 */
export function igd(problem: Case, values: readonly (readonly number[])[]): number {
  const plain = values.map((row) => row.map((value, j) => (value - problem.shift[j]!) / problem.scale[j]!));
  const targets = frontTargets(problem);
  let total = 0;
  for (const target of targets) {
    let nearest = Infinity;
    for (const row of plain) {
      let squared = 0;
      for (let j = 0; j < target.length; j++) squared += (row[j]! - target[j]!) * (row[j]! - target[j]!);
      nearest = Math.min(nearest, squared);
    }
    total += Math.sqrt(nearest);
  }
  return total / targets.length;
}

/** The middle value, or the mean of the two middle ones. */
export function median(sample: readonly number[]): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Two-sided p of the Wilcoxon rank-sum test (Mann & Whitney 1947): the chance that two samples of
 * one distribution lie at least as far apart. Exact, by counting the arrangements; equal values
 * count one half, which is an approximation only where values are equal.
 */
export function rankSumP(a: readonly number[], b: readonly number[]): number {
  let wins = 0;
  for (const x of a) for (const y of b) wins += x < y ? 1 : x === y ? 0.5 : 0;
  const least = Math.min(wins, a.length * b.length - wins);
  const ways = arrangements(a.length, b.length);
  const all = ways.reduce((sum, count) => sum + count, 0);
  let tail = 0;
  for (let u = 0; u <= least; u++) tail += ways[u]!;
  return Math.min(1, (2 * tail) / all);
}

/** For each u in 0…m·n, in how many orders of m and n things just u pairs are inverted. */
function arrangements(m: number, n: number): number[] {
  // f(m, n, u) = f(m - 1, n, u - n) + f(m, n - 1, u): the greatest is one of the m, or of the n.
  let row: number[][] = Array.from({ length: n + 1 }, () => [1]);
  for (let i = 1; i <= m; i++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= n; j++) {
      const counts = new Array<number>(i * j + 1).fill(0);
      row[j]!.forEach((count, u) => (counts[u + j]! += count));
      next[j - 1]!.forEach((count, u) => (counts[u]! += count));
      next.push(counts);
    }
    row = next;
  }
  return row[n]!;
}
