import { describe, expect, it } from 'vitest';
import { sumSlots } from '#emars/gradient/sum.js';

/** Three tensors of 2, 1 and 3 floats. */
const tensors = [
  { offset: 0, size: 2 },
  { offset: 2, size: 1 },
  { offset: 3, size: 3 },
];

const slot = (
  touched: number[],
  values: number[],
  weight = 1,
): { tensors: number[]; values: Float32Array; weight: number } => ({
  tensors: touched,
  values: Float32Array.from(values),
  weight,
});

describe('the gradient of a step', () => {
  it('is the mean over all slots, also for a tensor that few of them touch (Eq. 3)', () => {
    const sum = new Float32Array(6);
    // Slot 0 touches tensors 0 and 2; slot 1 only tensor 2: tensor 0 counts half.
    const touched = sumSlots(tensors, [slot([0, 2], [2, 4, 1, 1, 1]), slot([2], [3, 5, 7])], sum);
    expect([...touched]).toEqual([1, 0, 1]);
    expect([...sum]).toEqual([1, 2, 0, 2, 3, 4]);
  });

  it('weights slots by their samples', () => {
    const sum = new Float32Array(6);
    sumSlots(tensors, [slot([1], [1], 3), slot([1], [5], 1)], sum);
    expect(sum[2]).toBe(2);
  });

  it('is the mean over the slots that touch a tensor where networks share none', () => {
    const sum = new Float32Array(6);
    const slots = [slot([0], [2, 4], 3), slot([0], [6, 8], 1), slot([1], [5], 2), slot([2], [1, 1, 1], 0)];
    const touched = sumSlots(tensors, slots, sum, 'by-touch');
    expect([...touched]).toEqual([1, 1, 0]);
    expect([...sum]).toEqual([3, 5, 5, 0, 0, 0]);
  });

  it('leaves a diverged slot out of sum and weight', () => {
    const sum = new Float32Array(6);
    const touched = sumSlots(tensors, [slot([1], [4]), slot([0], [NaN, NaN], 0)], sum);
    expect([...touched]).toEqual([0, 1, 0]);
    expect(sum[2]).toBe(4);
  });

  it('adds in slot order, rounding each step to fp32: the order is part of the result', () => {
    const one = new Float32Array(6);
    const other = new Float32Array(6);
    const parts = [1e8, 1, -1e8, 1].map((value) => slot([1], [value]));
    sumSlots(tensors, parts, one);
    sumSlots(tensors, [...parts].reverse(), other);
    expect(one[2]).toBe(Math.fround(1 / 4));
    expect(other[2]).toBe(0);
  });

  it('does not depend on what the buffer held before', () => {
    const clean = new Float32Array(6);
    const dirty = new Float32Array(6).fill(NaN);
    const slots = [slot([0, 2], [2, 4, 1, 1, 1]), slot([2], [3, 5, 7])];
    sumSlots(tensors, slots, clean);
    sumSlots(tensors, slots, dirty);
    expect([...dirty.subarray(0, 2), ...dirty.subarray(3)]).toEqual([
      ...clean.subarray(0, 2),
      ...clean.subarray(3),
    ]);
  });

  it('refuses a vector that does not fit its path', () => {
    expect(() => sumSlots(tensors, [slot([0], [1, 2, 3])], new Float32Array(6))).toThrow(
      /expected a path gradient of 2 floats, got 3/,
    );
  });
});
