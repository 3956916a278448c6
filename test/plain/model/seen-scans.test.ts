import { describe, expect, it } from 'vitest';
import type { ScanTraits } from '#emars/model/seen-scans.js';
import { seenScans, unlikeSeen } from '#emars/model/seen-scans.js';

const scan = (changes: Partial<ScanTraits> = {}): ScanTraits => ({
  slices: 40,
  height: 512,
  width: 512,
  spacing: [5, 0.7, 0.7],
  intensity: 0.4,
  ...changes,
});
const seen = seenScans([
  scan(),
  scan({ slices: 60, spacing: [4, 0.8, 0.7], intensity: 0.5 }),
  scan({ spacing: null }),
]);

describe('the scans that a model was trained on', () => {
  it('are told as ranges; a scan that says no spacing takes no part in that of spacing', () => {
    expect(seen).toEqual({
      slices: { low: 40, high: 60 },
      height: { low: 512, high: 512 },
      width: { low: 512, high: 512 },
      spacing: { slices: { low: 4, high: 5 }, pixels: { low: 0.7, high: 0.8 } },
      intensity: { low: 0.4, high: 0.5 },
    });
    expect(seenScans([scan({ spacing: null })]).spacing).toBeNull();
    expect(() => seenScans([])).toThrow(RangeError);
  });

  it.each<[string, Partial<ScanTraits>]>([
    ['inside the ranges', {}],
    ['a little outside', { slices: 70, spacing: [6, 0.9, 0.6], intensity: 0.55 }],
    ['which says no spacing', { spacing: null }],
  ])('are like a scan %s', (_, changes) => {
    expect(unlikeSeen(seen, scan(changes))).toEqual([]);
  });

  it.each<[Partial<ScanTraits>, RegExp]>([
    [{ slices: 20 }, /^20 slices; the training scans had 40 to 60$/],
    [{ slices: 90 }, /^90 slices/],
    [{ height: 256 }, /^slices 256 pixels high; the training scans had 512$/],
    [{ width: 1024 }, /^slices 1024 pixels wide/],
    [{ spacing: [1, 0.7, 0.7] }, /^slices 1 mm apart; the training scans had 4 to 5 mm$/],
    [{ spacing: [5, 0.7, 1.4] }, /^pixels of 1.4 mm; the training scans had 0.7 to 0.8 mm$/],
    [{ intensity: 0.8 }, /^mean intensity 0.8 of the window/],
    [{ intensity: 0.1 }, /^mean intensity 0.1/],
  ])('are unlike %j, which is said once', (changes, expected) => {
    const [warning, ...others] = unlikeSeen(seen, scan(changes));
    expect(warning).toMatch(expected);
    expect(others).toEqual([]);
  });
});
