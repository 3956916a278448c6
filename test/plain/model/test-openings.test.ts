/** Figures that are not those of a first look at the test set say so, wherever they stand. */
import { expect, it } from 'vitest';
import { modelCard } from '#emars/export/model-card.js';
import type { ModelDocument } from '#emars/model/schema.js';
import { modelSchema } from '#emars/model/schema.js';
import { openingsRemark, testOpeningsOf } from '#emars/model/test-openings.js';

const opened = (options: Record<string, number>): ModelDocument =>
  modelSchema.parse({
    format: 1,
    architecture: { kind: 'baseline', baseline: 'mc3-small', classes: 2 },
    input: { slices: 8, size: 32 },
    classes: ['NCP', 'Normal'],
    positive: 'NCP',
    preprocessing: { window: { low: -1350, high: 150 }, mean: 0.3, std: 0.2 },
    training: { seed: 1, epochs: 2, chosenEpoch: 1, options },
    data: { splitSha256: null, training: 4, validation: 2, test: 2 },
    temperature: null,
    metrics: { validation: null, test: null },
    weights: {
      file: 'weights-0123456789abcdef.f32',
      sha256: 'a'.repeat(64),
      parameters: 1,
      statistics: 1,
      layout: 'b'.repeat(64),
    },
  });

it('is counted, and said from the second opening on', () => {
  expect(
    [{}, { testOpenings: 1 }, { testOpenings: 3 }].map((options) => testOpeningsOf(opened(options))),
  ).toEqual([0, 1, 3]);
  expect(openingsRemark(opened({ testOpenings: 1 }))).toBeNull();
  expect(openingsRemark(opened({ testOpenings: 3 }))).toMatch(
    /opened 3 times: .* not those of one honest look/,
  );
});

it('stands in the model card', () => {
  expect(modelCard(opened({ testOpenings: 1 }))).not.toMatch(/honest look/);
  expect(modelCard(opened({ testOpenings: 2 }))).toMatch(/opened 2 times: .*honest look/);
});
