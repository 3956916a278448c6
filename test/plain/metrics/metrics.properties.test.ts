/** What must hold for any predictions: invariances that a wrong formula breaks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auc, macroAuc } from '#emars/metrics/auc.js';
import { deLongTest } from '#emars/metrics/delong.js';
import type { Predictions } from '#emars/metrics/predictions.js';
import { checkPredictions, takeScans } from '#emars/metrics/predictions.js';
import { SCORE_NAMES, scoresFor } from '#emars/metrics/scores.js';
import { probabilitiesOf } from '#emars/metrics/softmax.js';
import { fitTemperature, negativeLogLikelihood } from '#emars/metrics/temperature.js';
import { holds } from '../property.js';

/** Scores on a coarse grid, so that ties happen, with at least two scans on each side. */
const scored = fc
  .tuple(
    fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 2, maxLength: 20 }),
    fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 2, maxLength: 20 }),
  )
  .map(([positives, negatives]) => ({
    scores: [...positives, ...negatives],
    positive: [...positives.map(() => true), ...negatives.map(() => false)],
  }));

/** Predictions of 2 to 4 classes; logits are multiples of 1/4. */
const logits = fc.integer({ min: 2, max: 4 }).chain((classes) =>
  fc
    .array(
      fc.record({
        label: fc.integer({ min: 0, max: classes - 1 }),
        row: fc.array(fc.integer({ min: -12, max: 12 }), { minLength: classes, maxLength: classes }),
      }),
      { minLength: 1, maxLength: 30 },
    )
    .map((scans) => ({
      classes,
      labels: scans.map(({ label }) => label),
      logits: scans.flatMap(({ row }) => row.map((value) => value / 4)),
    })),
);
const predictions = logits.map(({ classes, labels, logits: values }): Predictions => ({
  classes,
  labels,
  probabilities: probabilitiesOf(values, classes),
}));

describe('AUC', () => {
  it('is the share of pairs in order, equal ones counting a half', () => {
    holds(
      fc.property(scored, ({ scores, positive }) => {
        let won = 0;
        let pairs = 0;
        scores.forEach((x, i) =>
          scores.forEach((y, j) => {
            if (positive[i] !== true || positive[j] === true) return;
            pairs++;
            won += x > y ? 1 : x === y ? 0.5 : 0;
          }),
        );
        expect(auc(scores, positive)).toBeCloseTo(won / pairs, 12);
      }),
    );
  });

  it('does not change under a rising map of the scores, and is mirrored by a falling one', () => {
    holds(
      fc.property(scored, ({ scores, positive }) => {
        const area = auc(scores, positive)!;
        expect(
          auc(
            scores.map((score) => Math.exp(score / 7) + 3),
            positive,
          ),
        ).toBe(area);
        expect(
          auc(
            scores.map((score) => -score),
            positive,
          ),
        ).toBeCloseTo(1 - area, 12);
        expect(
          auc(
            scores,
            positive.map((side) => !side),
          ),
        ).toBeCloseTo(1 - area, 12);
      }),
    );
  });
});

describe('all figures', () => {
  it('do not depend on the order of the scans', () => {
    holds(
      fc.property(predictions, fc.integer(), (all, turn) => {
        const scans = all.labels.length;
        // A permutation: rotated, and reversed for odd turns.
        const order = Array.from({ length: scans }, (_, i) => (i + Math.abs(turn)) % scans);
        const permuted = takeScans(all, turn % 2 === 0 ? order : order.reverse());
        const [here, there] = [scoresFor(all, 0), scoresFor(permuted, 0)];
        for (const name of SCORE_NAMES) {
          if (here[name] === null) expect(there[name]).toBeNull();
          else expect(there[name]).toBeCloseTo(here[name], 12);
        }
      }),
    );
  });

  it('stay in their ranges, and predictions made by softmax are valid', () => {
    holds(
      fc.property(predictions, (all) => {
        checkPredictions(all);
        const scores = scoresFor(all, all.classes - 1);
        for (const name of SCORE_NAMES) {
          const value = scores[name];
          if (value === null) continue;
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(name === 'brier' ? 2 : 1 + 1e-12);
        }
      }),
    );
  });

  it('are perfect for a model that knows the truth', () => {
    holds(
      fc.property(predictions, (all) => {
        const truth = Float64Array.from({ length: all.probabilities.length }, (_, i) =>
          i % all.classes === all.labels[Math.floor(i / all.classes)] ? 1 : 0,
        );
        const scores = scoresFor({ ...all, probabilities: truth }, 0);
        expect(scores).toMatchObject({ accuracy: 1, balancedAccuracy: 1, ece: 0, brier: 0 });
        if (scores.auc !== null) expect(scores.auc).toBe(1);
      }),
    );
  });

  it('do not notice twice the same scans', () => {
    holds(
      fc.property(predictions, (all) => {
        const scans = Array.from({ length: all.labels.length }, (_, i) => i);
        const twice = scoresFor(takeScans(all, [...scans, ...scans]), 0);
        for (const [name, value] of Object.entries(scoresFor(all, 0)) as [
          (typeof SCORE_NAMES)[number],
          number | null,
        ][])
          if (value !== null) expect(twice[name]).toBeCloseTo(value, 10);
      }),
    );
  });
});

describe('a temperature', () => {
  it('is nowhere worse than its neighbours, and never worse than none', () => {
    holds(
      fc.property(logits, ({ classes, labels, logits: values }) => {
        const { temperature, before, after } = fitTemperature(values, classes, labels);
        expect(after).toBeLessThanOrEqual(before + 1e-12);
        for (const factor of [0.98, 1.02]) {
          const other = Math.min(20, Math.max(0.05, temperature * factor));
          expect(negativeLogLikelihood(values, classes, labels, other)).toBeGreaterThanOrEqual(after - 1e-12);
        }
      }),
    );
  });

  it('changes no AUC of two classes', () => {
    holds(
      fc.property(logits, fc.constantFrom(0.5, 2, 4), ({ classes, labels, logits: values }, temperature) => {
        if (classes > 2) return;
        const at = (t: number): number | null =>
          macroAuc({ classes, labels, probabilities: probabilitiesOf(values, classes, t) });
        const [plain, scaled] = [at(1), at(temperature)];
        if (plain === null) expect(scaled).toBeNull();
        else expect(scaled).toBeCloseTo(plain, 12);
      }),
    );
  });
});

describe('DeLong’s test', () => {
  it('finds no difference between a model and itself, and the opposite one when models change places', () => {
    holds(
      fc.property(
        scored,
        fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 40, maxLength: 40 }),
        (one, raw) => {
          const other = raw.slice(0, one.scores.length);
          expect(deLongTest(one.scores, one.scores, one.positive)).toMatchObject({ z: null, p: 1 });
          const there = deLongTest(one.scores, other, one.positive);
          const back = deLongTest(other, one.scores, one.positive);
          if (there.z === null) expect(back.z).toBeNull();
          else expect(there.z).toBeCloseTo(-back.z!, 9);
          expect(there.p).toBeCloseTo(back.p, 12);
          expect(there.p).toBeGreaterThanOrEqual(0);
          expect(there.p).toBeLessThanOrEqual(1);
          expect(there.auc[0]).toBeCloseTo(auc(one.scores, one.positive)!, 12);
        },
      ),
    );
  });
});
