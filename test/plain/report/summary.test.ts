import { describe, expect, test } from 'vitest';
import { quantile } from '#emars/report/quantile.js';
import type { HistoryLine } from '#emars/report/run-files.js';
import {
  bestIndividual,
  byEpoch,
  confusionMetrics,
  majorityBaseline,
  undefinedPotentials,
} from '#emars/report/summary.js';

const scan = (name: string, index: number): { id: string; patient: string; class: string } => ({
  id: `${name}${index}`,
  patient: `p${index}`,
  class: name,
});
const line = (epoch: number, id: string, accuracy?: number, potentialDefined?: boolean): HistoryLine => ({
  epoch,
  id: id.repeat(16),
  genome: ['skip'],
  values: accuracy === undefined ? {} : { accuracy },
  trained: 1,
  potentialDefined,
});

describe('majority baseline', () => {
  test('is the share of the largest class among the validation scans', () => {
    const validation = ['A', 'B', 'B', 'C'].map(scan);
    expect(majorityBaseline({ classes: ['A', 'B', 'C'], validation })).toEqual({
      class: 'B',
      count: 2,
      total: 4,
      share: 0.5,
    });
  });
  test('takes the first class of the split where two are equally large', () => {
    const validation = ['A', 'B', 'B', 'A'].map(scan);
    expect(majorityBaseline({ classes: ['B', 'A'], validation })?.class).toBe('B');
  });
  test('does not exist without validation scans', () => {
    expect(majorityBaseline({ classes: ['A'], validation: [] })).toBeNull();
  });
});

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
    ).toEqual({ total: 4, accuracy: 3 / 4, balancedAccuracy: (1 + 0.5) / 2, sensitivity: null });
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

describe('best individual', () => {
  test('has the highest accuracy of the last epoch, whatever earlier epochs say', () => {
    expect(bestIndividual([line(1, 'a', 0.9), line(2, 'a', 0.5), line(2, 'b', 0.6)])?.id).toBe(
      'b'.repeat(16),
    );
  });
  test('is the one with the lowest id where accuracies are equal', () => {
    expect(bestIndividual([line(3, 'c', 0.7), line(3, 'b', 0.7), line(3, 'd', 0.7)])?.id).toBe(
      'b'.repeat(16),
    );
  });
  test('is never one without an accuracy', () => {
    expect(bestIndividual([line(1, 'a'), line(1, 'b', 0)])?.id).toBe('b'.repeat(16));
    expect(bestIndividual([line(1, 'a')])).toBeNull();
    expect(bestIndividual([])).toBeNull();
  });
});

test('undefined potentials are counted among the lines that say so', () => {
  expect(
    undefinedPotentials([
      line(1, 'a', 1, false),
      line(2, 'a', 1, true),
      line(2, 'b', 1, false),
      line(2, 'c', 1),
    ]),
  ).toEqual({ count: 2, total: 3 });
});

test('a history falls into epochs in order', () => {
  expect(
    byEpoch([line(2, 'a'), line(2, 'b'), line(5, 'a')]).map(({ epoch, lines }) => [epoch, lines.length]),
  ).toEqual([
    [2, 2],
    [5, 1],
  ]);
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
