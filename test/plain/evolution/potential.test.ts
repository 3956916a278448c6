import { describe, expect, it } from 'vitest';
import { potential } from '#emars/evolution/potential.js';

describe('potential', () => {
  it('is the slope of the least-squares line', () => {
    // Means 2 and 0.5; (-1)(-0.1) + 0·0.2 + 1·(-0.1) = 0.
    expect(
      potential([
        [1, 0.4],
        [2, 0.7],
        [3, 0.4],
      ]).value,
    ).toBeCloseTo(0, 15);
    // Means 3 and 0.5; products 0.4 + 0.1·… : (-2)(-0.2) + (-1)(0) + 3(0.2) = 1.0 over 4 + 1 + 9.
    expect(
      potential([
        [1, 0.3],
        [2, 0.5],
        [6, 0.7],
      ]).value,
    ).toBeCloseTo(1 / 14, 12);
    expect(
      potential([
        [10, 0.2],
        [12, 0.4],
      ]),
    ).toEqual({ value: expect.closeTo(0.1, 12) as number, defined: true });
  });

  it('uses the epoch index: a gap of epochs makes the slope gentler', () => {
    expect(
      potential([
        [0, 0.1],
        [1, 0.2],
      ]).value,
    ).toBeGreaterThan(
      potential([
        [0, 0.1],
        [5, 0.2],
      ]).value,
    );
  });

  it('is negative for a falling accuracy', () => {
    expect(
      potential([
        [0, 0.5],
        [1, 0.4],
        [2, 0.2],
      ]).value,
    ).toBeLessThan(0);
  });

  it('is 0 and flagged where no slope exists', () => {
    expect(potential([])).toEqual({ value: 0, defined: false });
    expect(potential([[4, 0.7]])).toEqual({ value: 0, defined: false });
    expect(
      potential([
        [4, 0.7],
        [4, 0.9],
      ]),
    ).toEqual({ value: 0, defined: false });
  });

  it('does not lose digits in late epochs', () => {
    const late: [number, number][] = Array.from({ length: 20 }, (_, k) => [1_000_000 + k, 0.5 + 0.001 * k]);
    expect(potential(late).value).toBeCloseTo(0.001, 12);
  });

  it('refuses numbers that are not finite', () => {
    expect(() =>
      potential([
        [1, 0.5],
        [2, NaN],
      ]),
    ).toThrow(/history entry 1/);
  });
});
