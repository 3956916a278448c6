/** Cases small enough to compute on paper; the arithmetic stands beside each. */
import { describe, expect, it } from 'vitest';
import { auc, macroAuc } from '#emars/metrics/auc.js';
import { brierScore, calibrationBins, expectedCalibrationError } from '#emars/metrics/calibration.js';
import { accuracy, balancedAccuracy, confusionOf } from '#emars/metrics/confusion.js';
import { oneClassScores } from '#emars/metrics/one-class.js';
import type { Predictions } from '#emars/metrics/predictions.js';
import { checkPredictions } from '#emars/metrics/predictions.js';
import { midRanks } from '#emars/metrics/ranks.js';
import { scoreReport } from '#emars/metrics/scores.js';
import { probabilitiesOf } from '#emars/metrics/softmax.js';
import { fitTemperature } from '#emars/metrics/temperature.js';

const table = (labels: number[], rows: number[][]): Predictions => ({
  classes: rows[0]!.length,
  labels,
  probabilities: rows.flat(),
});

describe('the confusion matrix and its shares', () => {
  // Class 0: 2 of 3 right; class 1: 1 of 1; class 2: 0 of 1 (called 0).
  const predictions = table(
    [0, 0, 0, 1, 2],
    [
      [0.8, 0.1, 0.1],
      [0.6, 0.2, 0.2],
      [0.2, 0.7, 0.1],
      [0.1, 0.8, 0.1],
      [0.5, 0.1, 0.4],
    ],
  );
  const confusion = confusionOf(predictions);

  it('has the true class by row, the predicted one by column', () => {
    expect(confusion).toEqual([
      [2, 1, 0],
      [0, 1, 0],
      [1, 0, 0],
    ]);
  });

  it('gives accuracy 3/5 and balanced accuracy (2/3 + 1 + 0) / 3', () => {
    expect(accuracy(confusion)).toBe(3 / 5);
    expect(balancedAccuracy(confusion)).toBeCloseTo(5 / 9, 15);
  });

  it('gives class 0 TP 2, FP 1, FN 1, TN 1', () => {
    expect(oneClassScores(confusion, 0)).toEqual({
      precision: 2 / 3,
      sensitivity: 2 / 3,
      specificity: 1 / 2,
      f1: 2 / 3,
    });
  });

  it('has no precision for a class that was never called, and no sensitivity for one that never was', () => {
    expect(oneClassScores(confusion, 2).precision).toBeNull();
    expect(
      oneClassScores(
        [
          [2, 1],
          [0, 0],
        ],
        1,
      ).sensitivity,
    ).toBeNull();
    expect(
      oneClassScores(
        [
          [3, 0],
          [0, 0],
        ],
        1,
      ),
    ).toEqual({
      precision: null,
      sensitivity: null,
      specificity: 1,
      f1: null,
    });
  });

  it('leaves classes that do not occur out of the balanced accuracy', () => {
    expect(
      balancedAccuracy([
        [1, 1],
        [0, 0],
      ]),
    ).toBe(0.5);
    expect(
      balancedAccuracy([
        [0, 0],
        [0, 0],
      ]),
    ).toBeNull();
  });

  it('takes the first of equal probabilities', () => {
    expect(confusionOf(table([1], [[0.5, 0.5]]))).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });
});

describe('the area under the ROC curve', () => {
  it('counts pairs: 3 of 4 in order', () => {
    expect(auc([0.1, 0.4, 0.35, 0.8], [false, false, true, true])).toBe(0.75);
  });

  it('counts equal scores a half: (1 + 0.5) of 2 pairs', () => {
    expect(auc([0.3, 0.5, 0.5], [false, false, true])).toBe(0.75);
  });

  it('is not defined without a negative or a positive', () => {
    expect(auc([0.1, 0.2], [true, true])).toBeNull();
    expect(
      macroAuc(
        table(
          [0, 0],
          [
            [1, 0],
            [0.2, 0.8],
          ],
        ),
      ),
    ).toBeNull();
  });

  it('gives equal values the mean of their places', () => {
    expect([...midRanks([5, 1, 5, 3, 5])]).toEqual([4, 1, 4, 2, 4]);
  });
});

describe('calibration', () => {
  // Confidences .6 (right), .6 (wrong), .9 (right): bins (.5, .6] and (.8, .9] of ten.
  const predictions = table(
    [0, 1, 1],
    [
      [0.6, 0.4],
      [0.6, 0.4],
      [0.1, 0.9],
    ],
  );

  it('is the distance of confidence from accuracy: 2/3 |.5 - .6| + 1/3 |1 - .9|', () => {
    expect(expectedCalibrationError(predictions, 10)).toBeCloseTo(0.1, 15);
    const bins = calibrationBins(predictions, 10);
    expect(bins.map(({ scans }) => scans)).toEqual([0, 0, 0, 0, 0, 2, 0, 0, 1, 0]);
    expect(bins[0]).toEqual({ low: 0, high: 0.1, scans: 0, confidence: null, accuracy: null });
  });

  it('has a Brier score of the squared distance to the truth: (.32 + .72 + .02) / 3', () => {
    expect(brierScore(predictions)).toBeCloseTo(1.06 / 3, 15);
  });
});

describe('temperature scaling', () => {
  it('softens a model that is right in 3 of 4 scans and certain of all, to exactly 3/4', () => {
    // Logit difference 4; softmax(4 / T) = 3/4 where 4 / T = log 3.
    const logits = [4, 0, 4, 0, 4, 0, 4, 0];
    const { temperature, before, after } = fitTemperature(logits, 2, [0, 0, 0, 1]);
    expect(temperature).toBeCloseTo(4 / Math.log(3), 9);
    expect(probabilitiesOf([4, 0], 2, temperature)[0]).toBeCloseTo(0.75, 9);
    expect(after).toBeLessThan(before);
  });

  it('stops at the ends where more would always be better', () => {
    expect(fitTemperature([1, 0], 2, [0]).temperature).toBeCloseTo(0.05, 9);
    expect(fitTemperature([1, 0], 2, [1]).temperature).toBeCloseTo(20, 9);
  });

  it('does not overflow at large logits', () => {
    expect([...probabilitiesOf([1000, 0], 2)]).toEqual([1, 0]);
  });
});

describe('what does not fit', () => {
  it('is refused with what was expected', () => {
    expect(() => checkPredictions(table([2], [[0.5, 0.5]]))).toThrow('label 0 from 0 to 1, got 2');
    expect(() => checkPredictions(table([0], [[0.5, 0.6]]))).toThrow('row 0 to sum to 1');
    expect(() => checkPredictions(table([0], [[NaN, 0.6]]))).toThrow('probability from 0 to 1 in row 0');
    expect(() => checkPredictions({ classes: 2, labels: [], probabilities: [] })).toThrow('at least one');
    expect(() => fitTemperature([1, Infinity], 2, [0])).toThrow('finite logits');
    expect(() => probabilitiesOf([1, 2], 2, 0)).toThrow('temperature above 0');
    expect(() => scoreReport(table([0], [[1, 0]]), [], 0, { seed: 1, resamples: 10, level: 0.95 })).toThrow(
      'expected 1 patients, got 0',
    );
  });
});
