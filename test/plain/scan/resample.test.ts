import { describe, expect, it } from 'vitest';
import { lungWindow, applyWindow } from '#emars/scan/store/window.js';
import { depthIndices } from '#emars/scan/store/resample.js';
import { resizeSlices } from './resize-slices.js';
import { copyFlipped, drawFlips } from '#emars/training/augment.js';
import { generator } from '#emars/random/generator.js';

describe('values to [0, 1]', () => {
  const through = (unit: 'grey' | 'hu' | 'offset-hu', ...values: number[]): number[] => {
    const slice = Float32Array.from(values);
    applyWindow(slice, unit, lungWindow);
    return [...slice];
  };

  it('8 bits are divided by 255', () => {
    expect(through('grey', 0, 51, 255)).toEqual([0, Math.fround(0.2), 1]);
  });

  it('Hounsfield units go through the lung window and are cut at its ends', () => {
    expect(through('hu', -2000, -1350, -600, 150, 3000)).toEqual([0, 0, 0.5, 1, 1]);
  });

  it('16 bits without a sign are Hounsfield units + 1024; not a number becomes 0', () => {
    expect(through('offset-hu', 0, 424, 1174, 65535)).toEqual([Math.fround(326 / 1500), 0.5, 1, 1]);
    expect(through('hu', Number.NaN, Number.POSITIVE_INFINITY)).toEqual([0, 1]);
  });
});

describe('slices to another size', () => {
  it('smaller by a whole factor is the mean of each block', () => {
    const data = Float32Array.from({ length: 2 * 4 * 6 }, (_, i) => i);
    expect([...resizeSlices(data, [2, 4, 6], 2)]).toEqual(
      [0, 1].flatMap((z) =>
        [
          [0, 0],
          [0, 3],
          [2, 0],
          [2, 3],
        ].map(([y, x]) => z * 24 + (y! + 0.5) * 6 + x! + 1),
      ),
    );
  });

  it('keeps the mean when it shrinks, whatever the sizes, and a constant always', () => {
    for (const [height, width, size] of [
      [7, 11, 5],
      [48, 48, 32],
      [100, 30, 13],
      [5, 5, 5],
    ] as const) {
      const random = generator(1, 'resize', height);
      const data = Float32Array.from({ length: height * width }, () => random.uniform());
      const mean = (values: Float32Array): number =>
        values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean(resizeSlices(data, [1, height, width], size))).toBeCloseTo(mean(data), 6);
    }
    for (const size of [3, 8, 40])
      expect(
        Math.max(
          ...resizeSlices(new Float32Array(81).fill(0.25), [1, 9, 9], size).map((v) => Math.abs(v - 0.25)),
        ),
      ).toBeLessThan(1e-7);
  });

  it('larger is linear between pixel centres', () => {
    expect([...resizeSlices(Float32Array.of(0, 1, 0, 1), [1, 2, 2], 4).slice(0, 4)]).toEqual([
      0, 0.25, 0.75, 1,
    ]);
    expect([...resizeSlices(Float32Array.of(7), [1, 1, 1], 3)]).toEqual(Array(9).fill(7));
  });
});

describe('the middle of slices', () => {
  const data = Float32Array.from({ length: 8 * 12 }, (_, i) => generator(1, 'crop', i).uniform());
  const pixel = (y: number, x: number): number => data[y * 12 + x]!;

  it('is cut out as it is where it has the size that is asked for', () => {
    const square = Float32Array.from({ length: 64 }, (_, i) => i);
    const rows = [2, 3, 4, 5].map((y) => [2, 3, 4, 5].map((x) => 8 * y + x));
    expect([...resizeSlices(square, [1, 8, 8], 4, 0.5)]).toEqual(rows.flat());
  });

  it('is averaged over whole and over parts of pixels where it becomes smaller', () => {
    // Half of 8 x 12 is rows 2 to 5 and columns 3 to 8: blocks of 2 x 3.
    const blocks = resizeSlices(data, [1, 8, 12], 2, 0.5);
    const mean = (y: number, x: number): number =>
      [0, 1].flatMap((dy) => [0, 1, 2].map((dx) => pixel(y + dy, x + dx))).reduce((a, b) => a + b) / 6;
    [mean(2, 3), mean(2, 6), mean(4, 3), mean(4, 6)].forEach((value, i) =>
      expect(blocks[i]).toBeCloseTo(value, 6),
    );
    // A quarter of 6 pixels is 1.5: from 2.25 to 3.75 of 0 … 6, half in pixel 2 and half in pixel 3.
    const line = Float32Array.from({ length: 36 }, (_, i) => i % 6);
    expect([...resizeSlices(line, [1, 6, 6], 1, 0.25)]).toEqual([2.5]);
  });

  it('is enlarged with its surroundings, not with its border repeated', () => {
    const line = Float32Array.from({ length: 64 }, (_, i) => i % 8);
    // Pixels 2 to 5 as 8: centres at 1.75, 2.25 … 5.25.
    const row = Array.from({ length: 8 }, (_, i) => 1.75 + i / 2);
    expect([...resizeSlices(line, [1, 8, 8], 8, 0.5).slice(0, 8)]).toEqual(row);
  });
});

describe('the choice of slices', () => {
  it('without a generator is ascending and symmetric about the middle, for every pair of sizes', () => {
    for (let depth = 1; depth <= 40; depth++) {
      for (let slices = 1; slices <= 40; slices++) {
        const chosen = [...depthIndices(depth, slices)];
        expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
        expect(chosen.every((index) => index >= 0 && index < depth)).toBe(true);
        for (let i = 0; i < Math.floor(slices / 2); i++)
          expect(chosen[i]! + chosen[slices - 1 - i]!).toBe(depth - 1);
        if (slices <= depth) expect(new Set(chosen).size).toBe(slices);
      }
    }
    expect([...depthIndices(16, 16)]).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect([...depthIndices(9, 3)]).toEqual([1, 4, 7]);
  });

  it('with one keeps the order, drops without repeating, repeats evenly, and reaches every slice', () => {
    const reached = new Set<number>();
    for (let round = 0; round < 60; round++) {
      const fewer = [...depthIndices(10, 4, generator(round, 'd'))];
      expect(new Set(fewer).size).toBe(4);
      expect(fewer).toEqual([...fewer].sort((a, b) => a - b));
      fewer.forEach((index) => reached.add(index));
      const more = [...depthIndices(4, 10, generator(round, 'd'))];
      expect(more).toEqual([...more].sort((a, b) => a - b));
      for (let index = 0; index < 4; index++)
        expect([2, 3]).toContain(more.filter((each) => each === index).length);
    }
    expect(reached.size).toBe(10);
  });

  it('refuses nothing to choose from', () => {
    expect(() => depthIndices(0, 4)).toThrow(RangeError);
    expect(() => depthIndices(4, 0)).toThrow(RangeError);
  });
});

describe('flips', () => {
  it('mirror left-right and top-bottom, and twice is the picture again', () => {
    const slice = Float32Array.of(1, 2, 3, 4);
    const flipped = (horizontal: boolean, vertical: boolean): number[] => {
      const out = new Float32Array(4);
      copyFlipped(slice, out, [2, 2], { horizontal, vertical });
      return [...out];
    };
    expect([flipped(false, false), flipped(true, false), flipped(false, true), flipped(true, true)]).toEqual([
      [1, 2, 3, 4],
      [2, 1, 4, 3],
      [3, 4, 1, 2],
      [4, 3, 2, 1],
    ]);
  });

  it('happen half of the time each, and a switched-off flip does not move the other', () => {
    const both = Array.from({ length: 400 }, (_, i) =>
      drawFlips({ horizontal: true, vertical: true }, generator(i, 'f')),
    );
    const vertical = Array.from({ length: 400 }, (_, i) =>
      drawFlips({ horizontal: false, vertical: true }, generator(i, 'f')),
    );
    for (const side of ['horizontal', 'vertical'] as const)
      expect(Math.abs(both.filter((flips) => flips[side]).length - 200)).toBeLessThan(50);
    expect(vertical.map((flips) => flips.vertical)).toEqual(both.map((flips) => flips.vertical));
    expect(vertical.some((flips) => flips.horizontal)).toBe(false);
  });
});
