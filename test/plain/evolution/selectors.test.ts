import { describe, expect, it } from 'vitest';
import { mergedFronts } from '#emars/evolution/merged-fronts.js';
import { crowdingDistances } from '#emars/evolution/nsga2.js';
import { toMinimise } from '#emars/evolution/objective-values.js';
import type { Direction, SelectorName } from '#emars/evolution/selector.js';
import { SELECTOR_NAMES, selectSurvivors } from '#emars/evolution/selector.js';
import { generator } from '#emars/random/generator.js';
import { integers, minimise } from './instances.js';

function select(
  selector: SelectorName,
  values: readonly (readonly number[])[],
  directions: readonly Direction[],
  keep: number,
  seed = 1,
  accuracyIndex = 0,
) {
  return selectSurvivors({
    values,
    directions,
    keep,
    selector,
    random: generator(seed, 'selectors-test'),
    accuracyIndex,
  });
}

/** Accuracy (max), size (min), potential (max) of six networks; all tables below are worked by hand from it. */
const networks = [
  [0.9, 20, 0.0], // 0: most accurate
  [0.8, 10, 0.1], // 1
  [0.7, 4, 0.0], //  2: smallest
  [0.6, 12, 0.3], // 3: most promising
  [0.5, 25, 0.0], // 4: bad at everything
  [0.7, 15, 0.2], // 5
];
const directions: Direction[] = ['max', 'min', 'max'];

describe('merged fronts', () => {
  it('merge the fronts of the same rank over the pairs of objectives', () => {
    // accuracy/size:      fronts {0, 1, 2}, {3, 5}, {4}
    // accuracy/potential: fronts {0, 1, 3, 5}, {2}, {4}
    // size/potential:     fronts {1, 2, 3}, {5}, {0}, {4}
    // Best rank anywhere: 0 → 0, 1 → 0, 2 → 0, 3 → 0, 5 → 0, 4 → 2. None has rank 1.
    expect(mergedFronts(toMinimise(networks, directions))).toEqual([[0, 1, 2, 3, 5], [4]]);
    expect(select('merged-fronts', networks, directions, 5).selected).toEqual([0, 1, 2, 3, 5]);
    expect(select('merged-fronts', networks, directions, 6).selected).toEqual([0, 1, 2, 3, 4, 5]);
    expect(select('merged-fronts', networks, directions, 5).fronts).toEqual([[0, 1, 2, 3, 5], [4]]);
  });

  it('keep those that are not dominated in one of the pairs', () => {
    // Row 2 is dominated in accuracy/size by row 0, but not in accuracy/potential.
    const values = [
      [0.9, 5, 0.0],
      [0.1, 1, 0.0],
      [0.8, 9, 0.9],
    ];
    expect(mergedFronts(toMinimise(values, directions))).toEqual([[0, 1, 2]]);
  });

  it('are plain fronts for one and for two objectives', () => {
    expect(mergedFronts(toMinimise([[3], [1], [2], [1]], ['min']))).toEqual([[1, 3], [2], [0]]);
    expect(
      mergedFronts(
        toMinimise(
          [
            [1, 5],
            [5, 1],
            [6, 6],
            [3, 3],
          ],
          minimise(2),
        ),
      ),
    ).toEqual([[0, 1, 3], [2]]);
  });

  it('fill up from the front that does not fit by chance, each member about equally often', () => {
    const taken = new Array<number>(6).fill(0);
    for (let seed = 0; seed < 1000; seed++)
      for (const i of select('merged-fronts', networks, directions, 2, seed).selected) taken[i]!++;
    expect(taken[4]).toBe(0);
    // 2 of 5 a draw: 400 expected, 80 is five standard deviations.
    for (const i of [0, 1, 2, 3, 5]) expect(Math.abs(taken[i]! - 400)).toBeLessThan(80);
  });
});

describe('NSGA-II', () => {
  const line = [
    [0, 10],
    [1, 8],
    [2, 7],
    [6, 3],
    [7, 2],
    [10, 0],
  ];

  it('has the crowding distances worked out by hand', () => {
    // Both ranges are 10. Row 1: (2-0)/10 + (10-7)/10 = 0.5; row 2: (6-1)/10 + (8-3)/10 = 1;
    // row 3: (7-2)/10 + (7-2)/10 = 1; row 4: (10-6)/10 + (3-0)/10 = 0.7.
    const distances = crowdingDistances(toMinimise(line, minimise(2)), [0, 1, 2, 3, 4, 5]);
    [Infinity, 0.5, 1, 1, 0.7, Infinity].forEach((expected, k) =>
      expect(distances[k]).toBeCloseTo(expected, 12),
    );
  });

  it('keeps the ends, then the least crowded, then the lowest index', () => {
    expect(select('nsga2', line, minimise(2), 2).selected).toEqual([0, 5]);
    expect(select('nsga2', line, minimise(2), 3).selected).toEqual([0, 2, 5]);
    expect(select('nsga2', line, minimise(2), 5).selected).toEqual([0, 2, 3, 4, 5]);
  });

  it('keeps better fronts first and copes with equal rows', () => {
    expect(
      select(
        'nsga2',
        [
          [2, 2],
          [1, 1],
          [3, 3],
        ],
        minimise(2),
        2,
      ).selected,
    ).toEqual([0, 1]);
    expect(
      select(
        'nsga2',
        [
          [1, 1],
          [1, 1],
          [1, 1],
        ],
        minimise(2),
        2,
      ).selected,
    ).toEqual([0, 1]);
  });
});

describe('top accuracy', () => {
  it('keeps the best by the accuracy column, among equals the lowest index', () => {
    expect(select('top-accuracy', networks, directions, 2).selected).toEqual([0, 1]);
    // 0.7 is there twice, rows 2 and 5.
    expect(select('top-accuracy', networks, directions, 3).selected).toEqual([0, 1, 2]);
    expect(select('top-accuracy', networks, directions, 4).selected).toEqual([0, 1, 2, 5]);
  });

  it('looks at the column it is told, in the direction of that column', () => {
    expect(select('top-accuracy', networks, directions, 2, 1, 1).selected).toEqual([1, 2]);
    expect(() => select('top-accuracy', networks, directions, 2, 1, 3)).toThrow(/column from 0 to 2/);
  });
});

describe('random selection', () => {
  it('depends on the seed alone and takes each individual about equally often', () => {
    const taken = new Array<number>(6).fill(0);
    for (let seed = 0; seed < 1000; seed++) {
      const { selected } = select('random', networks, directions, 3, seed);
      expect(selected).toHaveLength(3);
      for (const i of selected) taken[i]!++;
    }
    for (const count of taken) expect(Math.abs(count - 500)).toBeLessThan(80);
    const worse = networks.map((row) => row.map((value) => value * 3 - 1));
    expect(select('random', worse, directions, 3, 9).selected).toEqual(
      select('random', networks, directions, 3, 9).selected,
    );
  });
});

describe.each(SELECTOR_NAMES)('every selector keeps its contract: %s', (selector) => {
  it('gives keep different indices, ascending, all rows in fronts, the same for the same seed', () => {
    for (let seed = 0; seed < 60; seed++) {
      const m = 1 + (seed % 4);
      const n = 2 + (seed % 25);
      const keep = 1 + (seed % n);
      const values = integers(seed, n, m, 6);
      const before = JSON.stringify(values);
      const result = select(selector, values, minimise(m), keep, seed);
      expect(result.selected).toHaveLength(keep);
      expect([...new Set(result.selected)].sort((a, b) => a - b)).toEqual(result.selected);
      expect(result.fronts.flat().sort((a, b) => a - b)).toEqual(values.map((_, i) => i));
      expect(result.state.rngCounter).toBe(1);
      expect(select(selector, values, minimise(m), keep, seed)).toEqual(result);
      expect(JSON.stringify(values)).toBe(before);
    }
  });

  it('refuses NaN with its place', () => {
    expect(() =>
      select(
        selector,
        [
          [1, 2],
          [NaN, 3],
        ],
        minimise(2),
        1,
      ),
    ).toThrow(/row 1, column 0/);
  });
});
