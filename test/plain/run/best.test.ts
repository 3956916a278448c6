import { describe, expect, test } from 'vitest';
import { bestIndividual, byAccuracy } from '#emars/run/best.js';
import { byEpoch } from '#emars/run/history.js';
import { majorityOf, validationMajority } from '#emars/run/majority.js';
import { historyLine } from './support.js';

const scan = (name: string, index: number): { id: string; patient: string; class: string } => ({
  id: `${name}${index}`,
  patient: `p${index}`,
  class: name,
});

describe('best individual', () => {
  test('has the highest accuracy of the last epoch, whatever earlier epochs say', () => {
    expect(
      bestIndividual([
        historyLine(1, 'a', { accuracy: 0.9 }),
        historyLine(2, 'a', { accuracy: 0.5 }),
        historyLine(2, 'b', { accuracy: 0.6 }),
      ])?.id,
    ).toBe('b'.repeat(16));
  });
  test('is the one with the lowest id where accuracies are equal', () => {
    expect(
      bestIndividual([
        historyLine(3, 'c', { accuracy: 0.7 }),
        historyLine(3, 'b', { accuracy: 0.7 }),
        historyLine(3, 'd', { accuracy: 0.7 }),
      ])?.id,
    ).toBe('b'.repeat(16));
  });
  test('is never one without an accuracy', () => {
    expect(bestIndividual([historyLine(1, 'a', {}), historyLine(1, 'b', { accuracy: 0 })])?.id).toBe(
      'b'.repeat(16),
    );
    expect(bestIndividual([historyLine(1, 'a', {})])).toBeNull();
    expect(bestIndividual([])).toBeNull();
  });
  test('heads the order, in which individuals without an accuracy come last', () => {
    const ids = [
      historyLine(1, 'd', { size: 1 }),
      historyLine(1, 'c', { accuracy: 0.5 }),
      historyLine(1, 'b', { accuracy: 0 }),
      historyLine(1, 'a', { accuracy: 0.5 }),
    ]
      .sort(byAccuracy)
      .map(({ id }) => id[0]);
    expect(ids).toEqual(['a', 'c', 'b', 'd']);
  });
});

test('a history falls into epochs in order', () => {
  expect(
    byEpoch([historyLine(2, 'a', {}), historyLine(2, 'b', {}), historyLine(5, 'a', {})]).map(
      ({ epoch, lines }) => [epoch, lines.length],
    ),
  ).toEqual([
    [2, 2],
    [5, 1],
  ]);
});

describe('majority baseline', () => {
  test('is the share of the largest class among the validation scans', () => {
    const validation = ['A', 'B', 'B', 'C'].map(scan);
    expect(validationMajority({ classes: ['A', 'B', 'C'], validation })).toEqual({
      class: 'B',
      count: 2,
      total: 4,
      share: 0.5,
    });
  });
  test('takes the first class of the split where two are equally large', () => {
    const validation = ['A', 'B', 'B', 'A'].map(scan);
    expect(validationMajority({ classes: ['B', 'A'], validation })?.class).toBe('B');
  });
  test('does not exist without validation scans', () => {
    expect(validationMajority({ classes: ['A'], validation: [] })).toBeNull();
  });
  test('comes from counts as well, and does not exist where nothing was counted', () => {
    expect(majorityOf(['A', 'B'], [1, 3])).toEqual({ class: 'B', count: 3, total: 4, share: 0.75 });
    expect(majorityOf(['A', 'B'], [0, 0])).toBeNull();
  });
});
