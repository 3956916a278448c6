import { describe, expect, it } from 'vitest';
import { dropoutMask, recalibrationScans, slotScans, stepsPerEpoch } from '#emars/training/samples.js';

const rules = { seed: 5, batch: 8, microBatches: 2 };
const training = Array.from({ length: 37 }, (_, i) => `scan-${String(i).padStart(2, '0')}`);

describe('the scans of an epoch', () => {
  it('come once each; a last partial batch is left out', () => {
    const seen = Array.from({ length: stepsPerEpoch(training.length, rules.batch) }, (_, step) =>
      [0, 1].flatMap((slot) => slotScans(rules, training, 3, step, slot)),
    ).flat();
    expect(seen).toHaveLength(32);
    expect(new Set(seen).size).toBe(32);
  });

  it('are the same for every individual of a step, cut into micro-batches alike', () => {
    // Slots 0, 1: first individual; 2, 3: second.
    expect(slotScans(rules, training, 3, 1, 2)).toEqual(slotScans(rules, training, 3, 1, 0));
    expect(slotScans(rules, training, 3, 1, 3)).toEqual(slotScans(rules, training, 3, 1, 1));
    expect(slotScans(rules, training, 3, 1, 1)).not.toEqual(slotScans(rules, training, 3, 1, 0));
  });

  it('come in another order in another epoch', () => {
    expect(slotScans(rules, training, 4, 0, 0)).not.toEqual(slotScans(rules, training, 3, 0, 0));
  });
});

describe('a dropout mask', () => {
  it('keeps the mean: kept features are scaled up', () => {
    const mask = dropoutMask(rules, 1, 0, 64, 64, 0.5);
    expect(new Set(mask)).toEqual(new Set([0, 2]));
    expect(Math.abs(mask.reduce((sum, value) => sum + value, 0) / mask.length - 1)).toBeLessThan(0.06);
  });
});

describe('recalibration', () => {
  it('takes distinct training scans, and fewer batches where there are fewer', () => {
    const rows = recalibrationScans(1, training, 2, 8, 4);
    expect(rows.flat()).toHaveLength(32);
    expect(new Set(rows.flat()).size).toBe(32);
    expect(recalibrationScans(1, training.slice(0, 10), 2, 8, 4).map((row) => row.length)).toEqual([8, 2]);
  });
});
