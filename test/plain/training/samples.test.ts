import { describe, expect, it } from 'vitest';
import { stepsPerEpoch } from '#emars/config/quantities.js';
import { dropoutMask, recalibrationScans, slotScans } from '#emars/training/samples.js';

const rules = { seed: 5, batch: 8, microBatches: 2 };
const training = Array.from({ length: 37 }, (_, i) => `scan-${String(i).padStart(2, '0')}`);

const scansOf = (epoch: number, stepInEpoch: number, slot: number): string[] =>
  slotScans(rules, training, { epoch, stepInEpoch, slot });

describe('the scans of an epoch', () => {
  it('come once each; a last partial batch is left out', () => {
    const seen = Array.from({ length: stepsPerEpoch(training.length, rules.batch) }, (_, step) =>
      [0, 1].flatMap((slot) => scansOf(3, step, slot)),
    ).flat();
    expect(seen).toHaveLength(32);
    expect(new Set(seen).size).toBe(32);
  });

  it('are the same for every individual of a step, cut into micro-batches alike', () => {
    // Slots 0, 1: first individual; 2, 3: second.
    expect(scansOf(3, 1, 2)).toEqual(scansOf(3, 1, 0));
    expect(scansOf(3, 1, 3)).toEqual(scansOf(3, 1, 1));
    expect(scansOf(3, 1, 1)).not.toEqual(scansOf(3, 1, 0));
  });

  it('come in another order in another epoch', () => {
    expect(scansOf(4, 0, 0)).not.toEqual(scansOf(3, 0, 0));
  });
});

describe('a dropout mask', () => {
  it('keeps the mean: kept features are scaled up', () => {
    const mask = dropoutMask(rules, { step: 1, slot: 0 }, { samples: 64, features: 64, rate: 0.5 });
    expect(new Set(mask)).toEqual(new Set([0, 2]));
    expect(Math.abs(mask.reduce((sum, value) => sum + value, 0) / mask.length - 1)).toBeLessThan(0.06);
  });
});

describe('recalibration', () => {
  it('takes distinct training scans, and fewer batches where there are fewer', () => {
    const wanted = { seed: 1, batch: 8, batches: 4 };
    const rows = recalibrationScans(wanted, training, 2);
    expect(rows.flat()).toHaveLength(32);
    expect(new Set(rows.flat()).size).toBe(32);
    expect(recalibrationScans(wanted, training.slice(0, 10), 2).map((row) => row.length)).toEqual([8, 2]);
  });
});
