import { describe, expect, it } from 'vitest';
import { naturalOrder } from '#emars/scan/catalogue/natural-order.js';
import { generator } from '#emars/random/generator.js';

describe('natural order', () => {
  it('puts 2.png before 10.png', () => {
    expect(['10.png', '2.png', '1.png', '0.png'].sort(naturalOrder)).toEqual([
      '0.png',
      '1.png',
      '2.png',
      '10.png',
    ]);
  });

  it('compares every run of digits as a number, of any length', () => {
    const names = ['IM12-3', 'IM2-30', 'IM2-4', 'IM99999999999999999999-1', 'IM100000000000000000000-1'];
    expect([...names].sort(naturalOrder)).toEqual([
      'IM2-4',
      'IM2-30',
      'IM12-3',
      'IM99999999999999999999-1',
      'IM100000000000000000000-1',
    ]);
  });

  it('is total: whatever the input order, the sorted order is the same, also with leading zeros', () => {
    const names = ['a', 'a1', 'a01', 'a001', 'b', 'a1b', 'a1b2', '1', '01', '', 'a10', 'A1', 'é2', 'é10'];
    const expected = [...names].sort(naturalOrder);
    for (let round = 0; round < 50; round++) {
      const order = generator(round, 'natural').permutation(names.length);
      expect(order.map((i) => names[i]!).sort(naturalOrder)).toEqual(expected);
    }
  });
});
