import { expect, test } from 'vitest';
import { hypervolumeSeries } from '#emars/report/hypervolume-series.js';
import type { Measure } from '#emars/run/front.js';
import { historyLine as line } from '../run/support.js';

const accuracy: Measure = { name: 'accuracy', direction: 'max', unit: '' };
const size: Measure = { name: 'size', direction: 'min', unit: 'MB' };

test('two objectives: areas as drawn on paper, over one box for all epochs', () => {
  // Accuracies 0.2…0.7 (margin 0.05), sizes 1…3 (margin 0.2): the box runs from (0.15, 3.2) to (0.7, 1).
  const series = hypervolumeSeries(
    [
      line(1, 'a', { accuracy: 0.2, size: 1 }), // width 0.05, height 2.2
      line(1, 'b', { accuracy: 0.4, size: 3 }), // width 0.25, height 0.2
      line(2, 'a', { accuracy: 0.7, size: 2 }), // width 0.55, height 1.2
      line(2, 'b', { accuracy: 0.6, size: 3 }), // dominated
    ],
    [accuracy, size],
  );
  expect(series?.reference).toEqual([expect.closeTo(0.15, 12), expect.closeTo(3.2, 12)]);
  expect(series?.ideal).toEqual([0.7, 1]);
  const box = 0.55 * 2.2;
  expect(series?.points.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(series?.points[0]?.share).toBeCloseTo((0.05 * 2.2 + (0.25 - 0.05) * 0.2) / box, 12);
  expect(series?.points[1]?.share).toBeCloseTo((0.55 * 1.2) / box, 12);
});

test('one objective: a length', () => {
  const series = hypervolumeSeries(
    [line(1, 'a', { accuracy: 0.5 }), line(2, 'a', { accuracy: 1 })],
    [accuracy],
  );
  expect(series?.points.map(({ share }) => share)).toEqual([
    expect.closeTo(0.05 / 0.55, 12),
    expect.closeTo(1, 12),
  ]);
});

test('individuals without all values do not count, and an epoch of only such is left out', () => {
  const series = hypervolumeSeries(
    [line(1, 'a', { size: 1 }), line(2, 'a', { accuracy: 0.5, size: 1 }), line(2, 'b', { accuracy: 0.9 })],
    [accuracy, size],
  );
  expect(series?.points.map(({ epoch }) => epoch)).toEqual([2]);
  expect(hypervolumeSeries([line(1, 'a', { size: 1 })], [accuracy, size])).toBeNull();
});

test('an objective that never differs leaves a box with an extent', () => {
  const series = hypervolumeSeries(
    [line(1, 'a', { accuracy: 0.5, size: 2 }), line(2, 'a', { accuracy: 0.6, size: 2 })],
    [accuracy, size],
  );
  expect(series?.points.at(-1)?.share).toBeCloseTo(1, 12);
});
