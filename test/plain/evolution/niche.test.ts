import { describe, expect, it } from 'vitest';
import { fillNiches } from '#emars/evolution/nsga3/niche.js';
import { generator, type Generator } from '#emars/random/generator.js';

/** Rows 0…: [line, squared distance]. */
function association(rows: readonly (readonly [number, number])[]) {
  return {
    line: Int32Array.from(rows.map(([line]) => line)),
    distance: Float64Array.from(rows.map(([, distance]) => distance)),
  };
}

function fill(
  lastFront: readonly number[],
  survivors: readonly number[],
  of: { room: number; rows: ReturnType<typeof association>; lines: number },
  random: Generator,
): number[] {
  const { room, rows, lines } = of;
  return fillNiches({ lastFront, survivors, room, association: rows, lines }, random);
}

const seeds = Array.from({ length: 40 }, (_, seed) => generator(seed, 'niche-test'));

describe('niching', () => {
  it('takes the nearest member where a line is empty, whatever the seed', () => {
    const rows = association([
      [0, 0.3],
      [0, 0.1],
      [1, 0.2],
      [1, 0.4],
    ]);
    for (const random of seeds)
      expect(fill([0, 1, 2, 3], [], { room: 2, rows, lines: 2 }, random).sort()).toEqual([1, 2]);
  });

  it('serves the line with the fewest survivors first', () => {
    // Line 0 holds two survivors, line 1 one, line 2 none: row 5 first, then row 4 (1 held), and
    // line 2 by then holds one as well, but has no member left.
    const rows = association([
      [0, 0],
      [0, 0],
      [1, 0],
      [0, 0.1],
      [1, 0.9],
      [2, 5],
    ]);
    for (const random of seeds)
      expect(fill([3, 4, 5], [0, 1, 2], { room: 2, rows, lines: 3 }, random)).toEqual([5, 4]);
  });

  it('counts a chosen member at once: one line at a time', () => {
    // Both lines are empty; after one member each, line 1 has none left and line 0 gets the third.
    const rows = association([
      [0, 0.1],
      [0, 0.2],
      [0, 0.3],
      [1, 9],
    ]);
    for (const random of seeds) {
      const chosen = fill([0, 1, 2, 3], [], { room: 3, rows, lines: 2 }, random);
      expect(chosen).toContain(0);
      expect(chosen).toContain(3);
    }
  });

  it('takes any member where a line is held, each about equally often', () => {
    const rows = association([
      [0, 0],
      [0, 0.1],
      [0, 0.2],
      [0, 0.3],
    ]);
    const taken = [0, 0, 0, 0];
    for (let seed = 0; seed < 3000; seed++)
      taken[fill([1, 2, 3], [0], { room: 1, rows, lines: 1 }, generator(seed, 'niche-share'))[0]!]!++;
    // 1000 expected each; 130 is five standard deviations.
    for (const row of [1, 2, 3]) expect(Math.abs(taken[row]! - 1000)).toBeLessThan(130);
  });

  it('decides between lines of equal count by chance, each about equally often', () => {
    const rows = association([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    const taken = [0, 0, 0];
    for (let seed = 0; seed < 3000; seed++)
      taken[fill([0, 1, 2], [], { room: 1, rows, lines: 3 }, generator(seed, 'niche-lines'))[0]!]!++;
    for (const count of taken) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });

  it('never takes an individual twice', () => {
    for (const random of seeds) {
      const rows = association(Array.from({ length: 30 }, (_, i) => [i % 4, i] as const));
      const chosen = fill(
        Array.from({ length: 30 }, (_, i) => i),
        [],
        { room: 30, rows, lines: 7 },
        random,
      );
      expect(new Set(chosen).size).toBe(30);
    }
  });
});
