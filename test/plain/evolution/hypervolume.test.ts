import { describe, expect, it } from 'vitest';
import { hypervolume } from '#emars/evolution/hypervolume.js';
import { integers, minimise, reals } from './instances.js';

/** Integer points in a grid: counts the unit cells that some point dominates. */
function dumbTwin(values: readonly (readonly number[])[], size: number, m: number): number {
  let count = 0;
  const cell = new Array<number>(m).fill(0);
  for (let code = 0; code < size ** m; code++) {
    let rest = code;
    for (let j = 0; j < m; j++) {
      cell[j] = rest % size;
      rest = Math.floor(rest / size);
    }
    if (values.some((row) => row.every((value, j) => value <= cell[j]!))) count++;
  }
  return count;
}

describe('hypervolume', () => {
  it('is the area under a staircase', () => {
    // 3·1 + 2·1 + 1·1 cells of a three-step staircase below (4, 4).
    expect(
      hypervolume(
        [
          [1, 3],
          [2, 2],
          [3, 1],
        ],
        minimise(2),
        [4, 4],
      ),
    ).toBe(6);
    expect(hypervolume([[0.8, 2]], ['max', 'min'], [0.5, 10])).toBeCloseTo(0.3 * 8, 12);
  });

  it('is zero without points and for points not better than the reference', () => {
    expect(hypervolume([], minimise(2), [1, 1])).toBe(0);
    expect(
      hypervolume(
        [
          [1, 0],
          [5, 5],
        ],
        minimise(2),
        [1, 1],
      ),
    ).toBe(0);
  });

  it('of one objective is the distance of the best', () => {
    expect(hypervolume([[3], [2], [7]], ['min'], [10])).toBe(8);
    expect(hypervolume([[3], [2], [7]], ['max'], [1])).toBe(6);
  });

  it.each([
    [1, 12],
    [2, 10],
    [3, 7],
    [4, 5],
    [5, 4],
  ])('agrees with counting cells in %i dimensions', (m, size) => {
    for (let seed = 0; seed < 30; seed++) {
      const values = integers(seed, 1 + (seed % 14), m, size);
      expect(hypervolume(values, minimise(m), new Array<number>(m).fill(size))).toBe(
        dumbTwin(values, size, m),
      );
    }
  });

  it('never falls when a point is added, and does not change for a dominated or repeated one', () => {
    const values = reals(4, 12, 3);
    const reference = [1, 1, 1];
    for (let n = 1; n < values.length; n++) {
      const volume = hypervolume(values.slice(0, n), minimise(3), reference);
      expect(hypervolume(values.slice(0, n + 1), minimise(3), reference)).toBeGreaterThanOrEqual(
        volume - 1e-12,
      );
      const dominated = values[0]!.map((value) => value + 0.01);
      expect(hypervolume([...values.slice(0, n), dominated, values[0]!], minimise(3), reference)).toBeCloseTo(
        volume,
        12,
      );
    }
  });

  it('refuses a reference of another size', () => {
    expect(() => hypervolume([[1, 2]], minimise(2), [3])).toThrow(/reference: expected 2 numbers/);
  });
});
