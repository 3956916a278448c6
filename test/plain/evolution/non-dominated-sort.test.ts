import { describe, expect, it } from 'vitest';
import { nonDominatedSort } from '#emars/evolution/nsga3/non-dominated-sort.js';
import { toMinimise } from '#emars/evolution/objective-values.js';
import { nonDominated } from '#emars/evolution/selector.js';
import { integers, minimise, reals } from './instances.js';

/** The definition, word for word: peel off what nothing left dominates. */
function dumbTwin(values: readonly (readonly number[])[]): number[][] {
  const beats = (a: readonly number[], b: readonly number[]): boolean =>
    a.every((value, j) => value <= b[j]!) && a.some((value, j) => value < b[j]!);
  let left = values.map((_, i) => i);
  const fronts: number[][] = [];
  while (left.length > 0) {
    const front = left.filter((i) => !left.some((k) => beats(values[k]!, values[i]!)));
    fronts.push(front);
    left = left.filter((i) => !front.includes(i));
  }
  return fronts;
}

describe('non-dominated sort', () => {
  it('sorts a hand-made table', () => {
    const values = [
      [1, 5],
      [2, 3],
      [4, 1],
      [3, 4],
      [5, 5],
      [2, 3],
      [6, 1],
    ];
    // (2,3) is there twice and dominates (3,4); (4,1) dominates (6,1); (5,5) falls to (3,4).
    expect(nonDominatedSort(toMinimise(values, minimise(2)))).toEqual([[0, 1, 2, 5], [3, 6], [4]]);
  });

  it('agrees with its dumb twin on 300 random inputs with ties and equal rows', () => {
    for (let seed = 0; seed < 300; seed++) {
      const m = 1 + (seed % 5);
      const n = 1 + (seed % 37);
      const values = seed % 3 === 0 ? reals(seed, n, m) : integers(seed, n, m, 2 + (seed % 7));
      expect(nonDominatedSort(toMinimise(values, minimise(m)))).toEqual(dumbTwin(values));
    }
  });

  it('counts 0 and -0 as equal', () => {
    expect(
      nonDominatedSort(
        toMinimise(
          [
            [0, 1],
            [-0, 1],
          ],
          ['min', 'max'],
        ),
      ),
    ).toEqual([[0, 1]]);
  });

  it('gives the front in the directions asked for', () => {
    const values = [
      [0.9, 10],
      [0.8, 5],
      [0.7, 6],
      [0.9, 9],
    ];
    expect(nonDominated(values, ['max', 'min'])).toEqual([1, 3]);
    expect(nonDominated(values, ['max', 'max'])).toEqual([0]);
    expect(nonDominated([[3], [1], [1]], ['min'])).toEqual([1, 2]);
  });
});
