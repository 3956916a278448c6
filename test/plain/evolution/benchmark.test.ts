/**
 * The short form of `npm run bench:nsga3`, without its peer. Bounds: Deb & Jain 2014, Table III (as
 * quoted in bench/nsga3/published.ts), and pymoo 0.6.2 over 31 and 41 runs of our own benchmark:
 * DTLZ2 1.06e-3 to 2.04e-3 (median 1.36e-3), DTLZ1 3.1e-4 to 4.5e-3 (median 1.7e-3).
 */
import { describe, expect, it } from 'vitest';
import { runNsga3 } from '../../../bench/nsga3/loop.js';
import { caseOf, evaluate, frontTargets } from '../../../bench/nsga3/problems.js';
import { igd, median, rankSumP } from '../../../bench/nsga3/quality.js';
import { drawParents, crossover, mutate } from '../../../bench/nsga3/variation.js';
import { generator } from '#emars/random/generator.js';

function igds(name: string, objectives: number, seeds: readonly number[]): number[] {
  const problem = caseOf(name, objectives);
  return seeds.map((seed) => igd(problem, runNsga3(problem, seed)));
}

describe('NSGA-III on the standard problems', () => {
  it('reaches the published IGD on DTLZ2, and the same when its objectives are shifted unequally', () => {
    const plain = igds('dtlz2', 3, [1, 2, 3]);
    expect(median(plain)).toBeLessThan(1.25 * 1.357e-3);
    expect(Math.max(...plain)).toBeLessThan(4e-3);
    const shifted = igds('shifted-dtlz2', 3, [1, 2, 3]);
    expect(Math.abs(median(shifted) / median(plain) - 1)).toBeLessThan(0.05);
  });

  it('stays within the published range on DTLZ1, which has 11^5 - 1 local fronts', () => {
    expect(median(igds('dtlz1', 3, [1, 2, 3]))).toBeLessThan(4.88e-3);
  });
});

describe('the benchmark itself', () => {
  it('puts the middle of the remaining variables on the true front', () => {
    const random = generator(1, 'bench-test');
    for (let k = 0; k < 20; k++) {
      for (const [name, measure, expected] of [
        ['dtlz1', (f: number[]) => f.reduce((sum, value) => sum + value, 0), 0.5],
        ['dtlz2', (f: number[]) => Math.hypot(...f), 1],
        ['dtlz3', (f: number[]) => Math.hypot(...f), 1],
        ['dtlz4', (f: number[]) => Math.hypot(...f), 1],
      ] as const) {
        const problem = caseOf(name, 5);
        const x = Float64Array.from({ length: problem.variables }, (_, j) =>
          j < 4 ? random.uniform() : 0.5,
        );
        expect(measure(evaluate(problem, x))).toBeCloseTo(expected, 10);
      }
    }
  });

  it('has the populations, variables and generations of the paper', () => {
    const facts = (name: string, m: number): number[] => {
      const { population, variables, generations, directions } = caseOf(name, m);
      return [directions.length, population, variables, generations];
    };
    expect(facts('dtlz1', 3)).toEqual([91, 92, 7, 400]);
    expect(facts('dtlz4', 5)).toEqual([210, 212, 14, 1000]);
    expect(caseOf('scaled-dtlz2', 3).scale).toEqual([1, 10, 100]);
  });

  it('measures an IGD of 0 on the targets, whatever their scale and shift', () => {
    for (const name of ['dtlz1', 'dtlz2', 'scaled-dtlz1', 'shifted-dtlz2']) {
      const problem = caseOf(name, 3);
      const perfect = frontTargets(problem).map((target) =>
        target.map((value, j) => value * problem.scale[j]! + problem.shift[j]!),
      );
      expect(igd(problem, perfect)).toBeLessThan(1e-14);
    }
    const single = {
      ...caseOf('dtlz2', 3),
      directions: [
        [1, 0, 0],
        [0, 1, 0],
      ],
    };
    expect(igd(single, [[1, 0, 0]])).toBeCloseTo(Math.SQRT2 / 2, 12);
  });

  it('tests two samples exactly', () => {
    // 3 against 3, apart: 1 of C(6, 3) = 20 arrangements on each side.
    expect(rankSumP([1, 2, 3], [4, 5, 6])).toBeCloseTo(0.1, 12);
    expect(rankSumP([4, 5, 6], [1, 2, 3])).toBeCloseTo(0.1, 12);
    // One inversion: 2 of 20 at most as extreme.
    expect(rankSumP([1, 2, 4], [3, 5, 6])).toBeCloseTo(0.2, 12);
    expect(rankSumP([1, 4], [2, 3])).toBe(1);
  });

  it('varies within [0, 1] and draws parents evenly', () => {
    const random = generator(2, 'bench-test');
    for (let k = 0; k < 200; k++) {
      const [a, b] = [0, 1].map(() =>
        Float64Array.from({ length: 6 }, () =>
          random.chance(0.3) ? Number(random.chance(0.5)) : random.uniform(),
        ),
      );
      for (const child of crossover(a!, b!, random)) {
        mutate(child, random);
        expect(child.every((value) => value >= 0 && value <= 1)).toBe(true);
      }
    }
    const drawn = new Array<number>(10).fill(0);
    for (let k = 0; k < 500; k++) for (const parent of drawParents(10, 10, random)) drawn[parent]!++;
    for (const times of drawn) expect(Math.abs(times - 500)).toBeLessThan(100);
  });
});
