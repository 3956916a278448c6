import { expect, it } from 'vitest';
import { flippedStack, VIEWS } from '#emars/app/views.js';

const shape = [2, 2, 3] as const;
const stack = Float32Array.from({ length: 12 }, (_, i) => i);

it('has four views, of which the first is the scan as it is', () => {
  const views = VIEWS.map((flips) => [...flippedStack(stack, shape, flips).subarray(0, 6)]);
  expect(views).toEqual([
    [0, 1, 2, 3, 4, 5],
    [2, 1, 0, 5, 4, 3],
    [3, 4, 5, 0, 1, 2],
    [5, 4, 3, 2, 1, 0],
  ]);
});

it('keeps slices where they are, and a view twice is the scan again', () => {
  for (const flips of VIEWS) {
    const once = flippedStack(stack, shape, flips);
    expect([...once.subarray(6)].sort((a, b) => a - b)).toEqual([6, 7, 8, 9, 10, 11]);
    expect([...flippedStack(once, shape, flips)]).toEqual([...stack]);
  }
});
