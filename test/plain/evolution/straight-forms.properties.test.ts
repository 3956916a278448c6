/** The quick forms of NSGA-III's steps against the plainest ones: equal in every bit, not nearly so. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { associate } from '#emars/evolution/nsga3/associate.js';
import { nonDominatedSort } from '#emars/evolution/nsga3/non-dominated-sort.js';
import { normalise } from '#emars/evolution/nsga3/normalise.js';
import { dasDennis, twoLayers } from '#emars/evolution/nsga3/reference-directions.js';
import { toMinimise } from '#emars/evolution/objective-values.js';
import { holds } from '../property.js';
import { minimise } from './instances.js';
import { straightFronts, straightNearest, straightNormalised } from './straight-forms.js';

/** Coarse numbers make ties and equal rows, fine ones none; both signs, both zeros, far apart and near. */
const coordinate = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 2, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-12, 1e12, -1e12) },
);

const table = (dimensions: number, most: number): fc.Arbitrary<number[][]> =>
  fc.array(fc.array(coordinate, { minLength: dimensions, maxLength: dimensions }), {
    minLength: 1,
    maxLength: most,
    size: 'max',
  });

const anyTable = (most: number): fc.Arbitrary<number[][]> =>
  fc.integer({ min: 1, max: 6 }).chain((dimensions) => table(dimensions, most));

describe('the quick forms equal the plainest ones', () => {
  it('in the fronts, also of more points than are sorted by comparing', () => {
    holds(
      fc.property(anyTable(700), (values) => {
        const points = toMinimise(values, minimise(values[0]!.length));
        expect(nonDominatedSort(points)).toEqual(straightFronts(points));
      }),
      60,
    );
  });

  it('in scale, extreme points and normalised values', () => {
    holds(
      fc.property(anyTable(60), (values) => {
        const points = toMinimise(values, minimise(values[0]!.length));
        const [first] = nonDominatedSort(points);
        const considered = values.map((_, i) => i);
        const quick = normalise(points, first!, considered);
        const straight = straightNormalised(points, first!, considered);
        expect([...quick.scale]).toEqual(straight.scale);
        expect(quick.memory.extremes).toEqual(straight.extremes);
        expect([...quick.points.data]).toEqual(straight.rows.flat());
      }),
    );
  });

  it('in the nearest line and its distance, on lines of one layer and of two', () => {
    const whole = [
      dasDennis(2, 7),
      dasDennis(3, 5),
      dasDennis(4, 1),
      twoLayers(5, 3, 2),
      twoLayers(10, 3, 2),
    ];
    // Patterns that lack a line, and those of more coordinates than are looked up, are gone through line by line.
    const others = [
      twoLayers(10, 3, 2).slice(1),
      dasDennis(6, 4),
      dasDennis(3, 1).flatMap((line) => [line, line]),
    ];
    holds(
      fc.property(
        fc
          .constantFrom(...whole, ...others)
          .chain((lines) => fc.tuple(fc.constant(lines), table(lines[0]!.length, 20), fc.boolean())),
        ([lines, signed, isSigned]) => {
          // What is normalised is not negative.
          const values = isSigned ? signed : signed.map((row) => row.map(Math.abs));
          const points = toMinimise(values, minimise(lines[0]!.length));
          const { line, distance } = associate(
            points,
            values.map((_, i) => i),
            lines,
          );
          values.forEach((value, i) => {
            const straight = straightNearest(value, lines);
            expect(distance[i]).toBe(straight.distance);
            expect(line[i]).toBe(straight.line);
          });
        },
      ),
    );
  });
});
