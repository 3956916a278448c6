import { describe, expect, it } from 'vitest';
import { expectedSplitRemarks, scanRemarks, splitRemarks } from '#emars/scan/catalogue/remarks.js';

const scan = (id: string, className: string, depth = 8) => ({ id, patient: id, class: className, depth });
const sound = [scan('1', 'a'), scan('2', 'a'), scan('3', 'b'), scan('4', 'b')];

describe('remarks on data', () => {
  it('are none where there is nothing to say', () => {
    expect(scanRemarks(sound)).toEqual([]);
    expect(splitRemarks(20)).toEqual([]);
  });

  it('name a single class', () => {
    expect(scanRemarks(sound.slice(0, 2))).toEqual([expect.stringMatching(/one class only, a/) as string]);
  });

  it('name classes of one patient, who cannot stand on two sides', () => {
    expect(scanRemarks(sound.slice(0, 3))).toEqual([
      expect.stringMatching(/one patient only in b/) as string,
    ]);
  });

  it('name scans of a single slice', () => {
    expect(scanRemarks([...sound, scan('5', 'a', 1)])).toEqual([
      expect.stringMatching(/1 of 5 scans have a single slice \(5\)/) as string,
    ]);
  });

  it('say what one scan weighs in a small validation set', () => {
    expect(splitRemarks(10)).toEqual([expect.stringMatching(/10 scans: one scan .* by 10 points/) as string]);
    expect(expectedSplitRemarks(sound)).toEqual([
      expect.stringMatching(/about 1, would validate: .* by 100 points/) as string,
    ]);
  });
});
