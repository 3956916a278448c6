import { describe, expect, it } from 'vitest';
import { associate } from '#emars/evolution/nsga3/associate.js';
import { planeIntercepts } from '#emars/evolution/nsga3/hyperplane.js';
import { nonDominatedSort } from '#emars/evolution/nsga3/non-dominated-sort.js';
import { normalise } from '#emars/evolution/nsga3/normalise.js';
import { dasDennis } from '#emars/evolution/nsga3/reference-directions.js';
import { toMinimise } from '#emars/evolution/objective-values.js';
import { minimise, reals } from './instances.js';

function normalised(values: readonly (readonly number[])[]) {
  const points = toMinimise(values, minimise(values[0]!.length));
  const fronts = nonDominatedSort(points);
  return normalise(points, fronts[0]!, fronts.flat());
}

function niches(values: readonly (readonly number[])[], partitions: number): number[] {
  const { points } = normalised(values);
  return Array.from(
    associate(
      points,
      values.map((_, i) => i),
      dasDennis(values[0]!.length, partitions),
    ).line,
  );
}

describe('hyperplane', () => {
  it('meets the axes where the plane through the extremes does', () => {
    // x/2 + y/4 + z/5 = 1 through three of its points.
    const intercepts = planeIntercepts([
      [2, 0, 0],
      [1, 2, 0],
      [0, 2, 2.5],
    ])!;
    [2, 4, 5].forEach((expected, j) => expect(intercepts[j]).toBeCloseTo(expected, 12));
  });

  it('needs pivoting and has it: a zero in the first place is no singular plane', () => {
    expect(
      planeIntercepts([
        [0, 1],
        [1, 0],
      ]),
    ).toEqual([1, 1]);
  });

  it('does not exist for collinear, equal or all-zero extremes', () => {
    expect(
      planeIntercepts([
        [1, 1],
        [2, 2],
      ]),
    ).toBeNull();
    expect(
      planeIntercepts([
        [1, 0, 1],
        [1, 0, 1],
        [0, 1, 0],
      ]),
    ).toBeNull();
    expect(
      planeIntercepts([
        [0, 0],
        [0, 0],
      ]),
    ).toBeNull();
    expect(
      planeIntercepts([
        [NaN, 1],
        [1, 0],
      ]),
    ).toBeNull();
  });
});

describe('normalisation', () => {
  const line = Array.from({ length: 9 }, (_, k) => [k / 8, 1 - k / 8]);

  // f = (t, 1 - t), t = 0 … 1 by 1/8, five lines. Shifts that differ per objective are what breaks
  // implementations which subtract the ideal point twice; a uniform shift hides it.
  it.each([
    [0, 0],
    [10, 0],
    [0.5, 0],
    [0, -3],
    [0.25, 64],
    [10, 10],
  ])('gives the same niches when the objectives are shifted by %d and %d', (a, b) => {
    const shifted = line.map(([x, y]) => [x! + a, y! + b]);
    expect(niches(shifted, 4)).toEqual([0, 0, 1, 1, 2, 3, 3, 4, 4]);
  });

  it('maps the ideal point to 0 and the intercepts to 1', () => {
    const { points, scale, nadir } = normalised([
      [100, 0.001],
      [104, 0],
      [101, 0.0005],
    ]);
    expect(nadir).toBe('hyperplane');
    expect(scale).toEqual([4, 0.001]);
    expect(Array.from(points.data)).toEqual([0, 1, 1, 0, 0.25, 0.5]);
  });

  it('falls back to the worst of the first front when one point is extreme on every axis', () => {
    // All three have the same achievement value on every axis, so the first is extreme on all.
    const tied = normalised(
      [
        [0, 1, 2],
        [1, 0, 2],
        [1, 1, 0],
      ].map((row) => row.map((value) => 5 + Math.min(value, 1))),
    );
    expect(tied.memory.extremes).toEqual([
      [5, 6, 6],
      [5, 6, 6],
      [5, 6, 6],
    ]);
    expect(tied.nadir).toBe('worst of first front');
    expect(tied.scale).toEqual([1, 1, 1]);
    const single = normalised([
      [3, 5],
      [4, 6],
      [7, 6],
    ]);
    expect(single.nadir).toBe('worst of first front');
    // The first front is one point and has no range: that of all points is used.
    expect(single.scale).toEqual([4, 1]);
  });

  it('lets a constant objective contribute nothing', () => {
    const { points, scale } = normalised([
      [1, 7],
      [0, 7],
      [3, 7],
    ]);
    expect(scale).toEqual([3, 1]);
    expect(Array.from(points.data).filter((_, at) => at % 2 === 1)).toEqual([0, 0, 0]);
  });

  it('never puts the nadir beyond the worst value seen', () => {
    // The plane through (0.9, 0.5, 0), (0.5, 0.9, 0), (0, 0, 1) meets the first axis at 1.4.
    const { scale, nadir } = normalised([
      [0.9, 0.5, 0],
      [0.5, 0.9, 0],
      [0, 0, 1],
    ]);
    expect(nadir).toBe('hyperplane');
    expect(scale).toEqual([0.9, 0.9, 1]);
  });

  it('finds the right extremes when the scales differ by 10^9', () => {
    const small = normalised([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [0.4, 0.4, 0.4],
    ]);
    const mixed = normalised([
      [1e-6, 0, 0],
      [0, 1, 0],
      [0, 0, 1e3],
      [0.4e-6, 0.4, 400],
    ]);
    expect(small.memory.extremes).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(mixed.memory.extremes).toEqual([
      [1e-6, 0, 0],
      [0, 1, 0],
      [0, 0, 1e3],
    ]);
  });

  it('remembers ideal, worst and extreme points when it is given its memory', () => {
    const first = normalised([
      [0, 10],
      [10, 0],
      [4, 4],
    ]).memory;
    const points = toMinimise(
      [
        [5, 6],
        [6, 5],
      ],
      minimise(2),
    );
    const second = normalise(points, [0, 1], [0, 1], first);
    expect(second.memory).toEqual({
      ideal: [0, 0],
      worst: [10, 10],
      extremes: [
        [10, 0],
        [0, 10],
      ],
    });
    expect(second.scale).toEqual([10, 10]);
    expect(normalise(points, [0, 1], [0, 1]).scale).toEqual([1, 1]);
  });
});

describe('association', () => {
  it('takes the nearest line by perpendicular distance, the lowest index among equals', () => {
    const points = toMinimise(
      [
        [1, 1],
        [2, 0],
        [0.1, 3],
        [0, 0],
      ],
      minimise(2),
    );
    const { line, distance } = associate(
      points,
      [0, 1, 2, 3],
      [
        [0, 1],
        [1, 0],
      ],
    );
    expect(Array.from(line)).toEqual([0, 1, 0, 0]);
    expect(distance[0]).toBeCloseTo(1, 12);
    expect(distance[1]).toBe(0);
    expect(distance[2]).toBeCloseTo(0.01, 12);
  });

  it('agrees with its dumb twin, points on and near the lines among them', () => {
    for (let seed = 0; seed < 20; seed++) {
      const m = 2 + (seed % 4);
      const references = dasDennis(m, 4);
      const values = [
        ...reals(seed, 30, m),
        ...references,
        ...references.map((row) => row.map((value) => 3 * value + 1e-9)),
      ];
      const rows = values.map((_, i) => i);
      const { line, distance } = associate(toMinimise(values, minimise(m)), rows, references);
      values.forEach((f, i) => {
        const distances = references.map((w) => {
          const share =
            f.reduce((sum, value, j) => sum + value * w[j]!, 0) /
            w.reduce((sum, value) => sum + value * value, 0);
          return f.reduce((sum, value, j) => sum + (value - share * w[j]!) ** 2, 0);
        });
        expect(distance[i]).toBeCloseTo(Math.min(...distances), 12);
        expect(distances[line[i]!]).toBeCloseTo(Math.min(...distances), 12);
      });
    }
  });

  it('does not care how long a reference vector is', () => {
    const points = toMinimise(
      [
        [3, 1],
        [1, 3],
        [2, 2],
      ],
      minimise(2),
    );
    const short = associate(
      points,
      [0, 1, 2],
      [
        [0.75, 0.25],
        [0.25, 0.75],
      ],
    );
    const long = associate(
      points,
      [0, 1, 2],
      [
        [3, 1],
        [1, 3],
      ],
    );
    expect(Array.from(long.line)).toEqual(Array.from(short.line));
  });
});
