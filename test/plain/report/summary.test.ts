import { describe, expect, test } from 'vitest';
import { quantile } from '#emars/report/quantile.js';
import { confusionMetrics, undefinedPotentials } from '#emars/report/summary.js';
import { historyLine } from '../run/support.js';

describe('metrics of a confusion matrix', () => {
  test('rows are the true classes: sensitivity is a recall, not a precision', () => {
    // Of 4 positives 3 are found, with 5 false alarms: recall 3/4, precision 3/8.
    const metrics = confusionMetrics(
      [
        [15, 5],
        [1, 3],
      ],
      1,
    );
    expect(metrics).toEqual({
      total: 24,
      correct: 18,
      accuracy: 18 / 24,
      balancedAccuracy: (15 / 20 + 3 / 4) / 2,
      sensitivity: 3 / 4,
    });
  });
  test('classes without scans do not count in the balanced accuracy', () => {
    expect(
      confusionMetrics(
        [
          [2, 0, 0],
          [0, 0, 0],
          [1, 0, 1],
        ],
        1,
      ),
    ).toEqual({ total: 4, correct: 3, accuracy: 3 / 4, balancedAccuracy: (1 + 0.5) / 2, sensitivity: null });
  });
  test('an empty matrix has none', () => {
    expect(
      confusionMetrics(
        [
          [0, 0],
          [0, 0],
        ],
        0,
      ),
    ).toBeNull();
  });
});

test('undefined potentials are counted among the lines that say so', () => {
  expect(
    undefinedPotentials([
      historyLine(1, 'a', {}, { potentialDefined: false }),
      historyLine(2, 'a', {}, { potentialDefined: true }),
      historyLine(2, 'b', {}, { potentialDefined: false }),
      historyLine(2, 'c', {}, { potentialDefined: null }),
    ]),
  ).toEqual({ count: 2, total: 3 });
});

describe('quantiles', () => {
  test('equal numpy.quantile([7, 1, 3, 10, 4], [0, 0.3, 0.5, 0.7, 1])', () => {
    expect([0, 0.3, 0.5, 0.7, 1].map((q) => quantile([7, 1, 3, 10, 4], q))).toEqual([
      1,
      3.2,
      4,
      expect.closeTo(6.4, 12),
      10,
    ]);
  });
  test('of one value are that value, and of none an error', () => {
    expect(quantile([5], 0.3)).toBe(5);
    expect(() => quantile([], 0.5)).toThrow(/at least one value/);
    expect(() => quantile([1], 30)).toThrow(/from 0 to 1/);
  });
});
