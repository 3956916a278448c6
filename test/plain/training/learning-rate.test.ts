import { expect, it } from 'vitest';
import { learningRateAt } from '#emars/training/learning-rate.js';

it('the learning rate falls in a straight line over the run and stays at its end', () => {
  const rule = { first: 0.004, last: 0.001, shape: 'linear' as const, steps: 30 };
  expect(learningRateAt(rule, 0)).toBe(0.004);
  expect(learningRateAt(rule, 15)).toBeCloseTo(0.0025, 12);
  expect(learningRateAt(rule, 30)).toBeCloseTo(0.001, 12);
  expect(learningRateAt(rule, 1000)).toBeCloseTo(0.001, 12);
});

it('the learning rate is constant, to the bit, where it ends as it begins', () => {
  for (const step of [0, 7, 29, 100])
    expect(learningRateAt({ first: 0.003, last: 0.003, shape: 'linear', steps: 30 }, step)).toBe(0.003);
});

it('the cosine agrees with Math.cos, falls all the way, and has known bits', () => {
  const rule = { first: 1, last: 0, shape: 'cosine' as const, steps: 1000 };
  let before = Infinity;
  for (let step = 0; step <= 1000; step++) {
    const rate = learningRateAt(rule, step);
    expect(rate).toBeCloseTo((1 + Math.cos((Math.PI * step) / 1000)) / 2, 9);
    expect(rate).toBeLessThanOrEqual(before);
    before = rate;
  }
  expect(learningRateAt(rule, 250)).toBe(0.8535533905932737);
});
