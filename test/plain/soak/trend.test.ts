/** Whether a quantity grows: slopes that are known, noise of a seed, and what is too short to be told. */
import { describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import type { Point } from '../../../bench/soak/trend.js';
import { trendOf, verdictOf, windowMedians } from '../../../bench/soak/trend.js';

const LIMIT = 1;

/** `count` samples over `hours`, from a level of 100, that grow by `percent` of it an hour; noise of ± `noise`. */
function course(count: number, hours: number, percent: number, noise = 0): Point[] {
  const random = generator(7, 'soak');
  return Array.from({ length: count }, (_, k) => {
    const at = (hours * k) / (count - 1);
    return { at, value: 100 + percent * at + noise * (2 * random.uniform() - 1) };
  });
}

const verdictFor = (points: readonly Point[]): string => verdictOf(trendOf(points, 1), LIMIT);

describe('The trend of a quantity', () => {
  it('is its slope in per cent of its median an hour, where nothing disturbs it', () => {
    const trend = trendOf(course(41, 2, 5), 1)!;
    // A level of 105 in the middle of the two hours.
    expect(trend.slope).toBeCloseTo(500 / 105, 1);
    expect(trend.low).toBeCloseTo(trend.slope, 9);
    expect(trend.high).toBeCloseTo(trend.slope, 9);
  });

  it('is not moved by outliers, of which a mean or least squares would make a slope', () => {
    const points = course(200, 1, 0).map((point, k) =>
      k > 180 && k % 5 === 0 ? { ...point, value: 900 } : point,
    );
    expect(trendOf(points, 1)!.slope).toBe(0);
  });

  it('is steady, grows, or cannot be told, as the interval lies to the limit', () => {
    expect(verdictFor(course(720, 1, 0, 1))).toBe('steady');
    expect(verdictFor(course(720, 1, 4, 1))).toBe('grows');
    // Less than the limit, for all that can be known of it.
    expect(verdictFor(course(720, 8, 0.5, 1))).toBe('steady');
    // So noisy, and so short, that it may as well be either.
    expect(verdictFor(course(60, 0.05, 0, 20))).toBe('short');
  });

  it('holds its interval: of 300 series without growth no more than chance counts as growing', () => {
    const random = generator(11, 'soak-interval');
    let growing = 0;
    for (let run = 0; run < 300; run++) {
      const points = Array.from({ length: 30 }, (_, k) => ({
        at: k / 30,
        value: 100 + 10 * random.normal(),
      }));
      if (verdictFor(points) === 'grows') growing++;
    }
    // One or two are expected; eight or more would come once in thousands of seeds.
    expect(growing).toBeLessThan(8);
  });

  it('is none of few points, and a shrinking quantity does not grow', () => {
    expect(trendOf(course(7, 1, 50), 1)).toBeNull();
    expect(verdictFor(course(7, 1, 50))).toBe('short');
    expect(verdictFor(course(100, 1, -50, 1))).toBe('steady');
  });

  it('measures by the least level where there is next to nothing, so that one item of a queue is one', () => {
    const rising = Array.from({ length: 20 }, (_, k) => ({ at: k / 20, value: k / 200 }));
    expect(trendOf(rising, 1)!.slope).toBeCloseTo(10, 6);
  });

  it('is of medians of at most 40 windows in order of time', () => {
    const windows = windowMedians(course(1000, 1, 10));
    expect(windows).toHaveLength(40);
    expect(windows.map(({ at }) => at)).toEqual([...windows.map(({ at }) => at)].sort((a, b) => a - b));
    expect(windows[0]!.value).toBeCloseTo(100.12, 2);
  });
});
