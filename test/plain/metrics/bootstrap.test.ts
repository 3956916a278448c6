import { describe, expect, it } from 'vitest';
import { bootstrapByPatient } from '#emars/metrics/bootstrap.js';
import { generator } from '#emars/random/generator.js';

const options = { seed: 5, resamples: 2000, level: 0.95 };
const values = Array.from({ length: 60 }, (_, i) => generator(3, 'values', i).normal());
const names = values.map((_, i) => `patient ${i}`);
const meanOf =
  (list: readonly number[]) =>
  (scans: Int32Array): { readonly mean: number } => ({
    mean: scans.reduce((sum, scan) => sum + list[scan]!, 0) / scans.length,
  });

describe('intervals by patient', () => {
  it('of a mean are those of the central limit theorem, nearly', () => {
    const { mean } = bootstrapByPatient(names, meanOf(values), options);
    const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(
      values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length / values.length,
    );
    expect(mean!.low).toBeCloseTo(centre - 1.96 * deviation, 1);
    expect(mean!.high).toBeCloseTo(centre + 1.96 * deviation, 1);
    expect(mean!.defined).toBe(2000);
  });

  it('do not narrow when every patient’s scan is there four times', () => {
    const repeated = [0, 1, 2, 3].flatMap(() => values);
    const patients = [0, 1, 2, 3].flatMap(() => names);
    const once = bootstrapByPatient(names, meanOf(values), options).mean!;
    const fourTimes = bootstrapByPatient(patients, meanOf(repeated), options).mean!;
    expect(fourTimes.low).toBeCloseTo(once.low, 12);
    expect(fourTimes.high).toBeCloseTo(once.high, 12);
    // Taken for 240 patients, the same scans would promise twice the precision.
    const wrong = bootstrapByPatient(
      patients.map((name, i) => `${name} ${i}`),
      meanOf(repeated),
      options,
    ).mean!;
    expect(wrong.high - wrong.low).toBeLessThan(0.6 * (once.high - once.low));
  });

  it('are the same for a seed, and others for another', () => {
    const interval = (seed: number): unknown =>
      bootstrapByPatient(names, meanOf(values), { ...options, seed });
    expect(interval(5)).toEqual(interval(5));
    expect(interval(6)).not.toEqual(interval(5));
  });

  it('widen with the level', () => {
    const width = (level: number): number => {
      const { mean } = bootstrapByPatient(names, meanOf(values), { ...options, level });
      return mean!.high - mean!.low;
    };
    expect(width(0.5)).toBeLessThan(width(0.95));
  });

  it('count the draws in which a metric is defined, and are null where none was', () => {
    const { sometimes, never } = bootstrapByPatient(
      ['a', 'b'],
      (scans) => ({ sometimes: scans.includes(0) ? 1 : null, never: null }),
      options,
    );
    // Both draws of two patients miss the first with probability 1/4.
    expect(sometimes!.defined / 2000).toBeCloseTo(0.75, 1);
    expect(never).toBeNull();
  });

  it('refuse what makes no sense', () => {
    expect(() => bootstrapByPatient([], meanOf([]), options)).toThrow('at least one scan');
    expect(() => bootstrapByPatient(['a'], meanOf([1]), { ...options, level: 1 })).toThrow('level between');
    expect(() => bootstrapByPatient(['a'], meanOf([1]), { ...options, resamples: 0 })).toThrow(
      'draws from 1',
    );
  });
});
