import { expect, it } from 'vitest';
import { learningRateAt } from '#emars/training/learning-rate.js';

it('the learning rate falls in a straight line over the run and stays at its end', () => {
  const rule = { first: 0.004, last: 0.001, steps: 30 };
  expect(learningRateAt(rule, 0)).toBe(0.004);
  expect(learningRateAt(rule, 15)).toBeCloseTo(0.0025, 12);
  expect(learningRateAt(rule, 30)).toBeCloseTo(0.001, 12);
  expect(learningRateAt(rule, 1000)).toBeCloseTo(0.001, 12);
});

it('the learning rate is constant, to the bit, where it ends as it begins', () => {
  for (const step of [0, 7, 29, 100])
    expect(learningRateAt({ first: 0.003, last: 0.003, steps: 30 }, step)).toBe(0.003);
});
