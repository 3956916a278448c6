/** Features of the network's input placed in a scan of another size. */
import { expect, it } from 'vitest';
import { overlaySlice } from '#emars/explain/overlay.js';
import { clearUnseen, scanGrid } from '#emars/explain/scan-grid.js';

const grid = { depth: { stride: 2, offset: 0 }, plane: { stride: 4, offset: 0 } };

it('leaves the grid where the scan has the network’s size', () => {
  expect(scanGrid(grid, { slices: 8, size: 16, crop: 1 }, [8, 16, 16])).toEqual([
    grid.depth,
    grid.plane,
    grid.plane,
  ]);
});

it('keeps the centre of the input on the centre of the scan', () => {
  for (const crop of [1, 0.5, 0.3]) {
    const [depth, height, width] = scanGrid(grid, { slices: 8, size: 16, crop }, [40, 64, 32]);
    for (const [axis, seen, extent, own] of [
      [depth, 8, 40, grid.depth],
      [height, 16, 64, grid.plane],
      [width, 16, 32, grid.plane],
    ] as const) {
      const feature = ((seen - 1) / 2 - own.offset) / own.stride;
      expect(axis.offset + axis.stride * feature).toBeCloseTo((extent - 1) / 2, 10);
    }
  }
});

it('places the features of a crop on the part of the scan that the network sees', () => {
  const [depth, height, width] = scanGrid(grid, { slices: 8, size: 16, crop: 0.25 }, [8, 64, 64]);
  // 16 of 64 pixels are seen as they are, from pixel 24 on.
  expect([height, width]).toEqual([
    { stride: 4, offset: 24 },
    { stride: 4, offset: 24 },
  ]);
  expect(depth).toEqual(grid.depth);
});

it('says nothing of what the network does not see', () => {
  const map = { shape: [2, 4, 8] as const, values: new Float32Array(64).fill(3) };
  clearUnseen(map, 1);
  expect(Math.min(...map.values)).toBe(3);
  clearUnseen(map, 0.5);
  const rows = [0, 3, 3, 0].map((seen) => [0, 0, seen, seen, seen, seen, 0, 0]);
  expect([...map.values]).toEqual([...rows, ...rows].flat());
});

it('shows a slice without evidence as it is, and evidence in red', () => {
  expect([...overlaySlice(Float32Array.of(0.2, 0.2), Float32Array.of(0, 1))]).toEqual([
    51, 51, 51, 173, 20, 20,
  ]);
});
