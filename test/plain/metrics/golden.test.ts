/** Against scikit-learn, SciPy and MLstatkit: test/golden/make_metrics.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { confusionOf } from '#emars/metrics/confusion.js';
import { deLongTest } from '#emars/metrics/delong.js';
import { normalUpperTail } from '#emars/metrics/normal.js';
import { scoresFor } from '#emars/metrics/scores.js';
import type { Scores } from '#emars/metrics/scores.js';
import { probabilitiesOf } from '#emars/metrics/softmax.js';
import { fitTemperature } from '#emars/metrics/temperature.js';

interface Golden {
  readonly predictions: readonly {
    readonly classes: number;
    readonly positive: number;
    readonly labels: readonly number[];
    readonly logits: readonly number[];
    readonly confusion: readonly (readonly number[])[];
    readonly temperature: number;
    readonly likelihood: readonly [number, number];
    readonly scores: Readonly<Record<keyof Scores, number>>;
  }[];
  readonly delong: readonly {
    readonly positive: readonly boolean[];
    readonly first: readonly number[];
    readonly second: readonly number[];
    readonly auc: readonly [number, number];
    readonly variance: readonly [number, number];
    readonly covariance: number;
    readonly z: number;
    readonly p: number;
    readonly package: { readonly z: number; readonly p: number };
  }[];
  readonly normalUpperTail: readonly (readonly [number, number])[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../golden/metrics.json', import.meta.url), 'utf8'),
) as Golden;

describe.each(golden.predictions)('$classes classes, positive $positive', (expected) => {
  const { classes, positive, labels, logits } = expected;
  const predictions = { classes, labels, probabilities: probabilitiesOf(logits, classes) };
  const scores = scoresFor(predictions, positive);

  it('has the confusion matrix of scikit-learn', () => {
    expect(confusionOf(predictions)).toEqual(expected.confusion);
  });

  it.each(Object.keys(expected.scores) as (keyof Scores)[])('has its %s', (name) => {
    expect(scores[name]).toBeCloseTo(expected.scores[name], 12);
  });

  it('has the temperature that SciPy’s minimiser finds, and the likelihoods', () => {
    const fitted = fitTemperature(logits, classes, labels);
    expect(fitted.temperature).toBeCloseTo(expected.temperature, 6);
    expect(fitted.before).toBeCloseTo(expected.likelihood[0], 12);
    expect(fitted.after).toBeCloseTo(expected.likelihood[1], 12);
  });
});

describe.each(golden.delong)('DeLong’s test', (expected) => {
  const result = deLongTest(expected.first, expected.second, expected.positive);

  it('has the variances of the definition', () => {
    expect(result.auc[0]).toBeCloseTo(expected.auc[0], 12);
    expect(result.auc[1]).toBeCloseTo(expected.auc[1], 12);
    expect(result.variance[0]).toBeCloseTo(expected.variance[0], 12);
    expect(result.variance[1]).toBeCloseTo(expected.variance[1], 12);
    expect(result.covariance).toBeCloseTo(expected.covariance, 12);
  });

  it('has the z and p of the definition, and of MLstatkit, which takes the difference the other way', () => {
    expect(result.z).toBeCloseTo(expected.z, 10);
    expect(result.p).toBeCloseTo(expected.p, 12);
    expect(result.z).toBeCloseTo(-expected.package.z, 10);
    expect(result.p).toBeCloseTo(expected.package.p, 12);
  });
});

it('the tail of the normal distribution is SciPy’s, also where the two formulas meet', () => {
  for (const [x, tail] of golden.normalUpperTail)
    expect(Math.abs(normalUpperTail(x) - tail), String(x)).toBeLessThan(1e-12 * tail);
});
