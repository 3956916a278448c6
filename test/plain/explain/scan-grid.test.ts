/** Features of the network's input placed in a scan of another size. */
import { expect, it } from 'vitest';
import { overlaySlice } from '#emars/explain/overlay.js';
import { scanGrid } from '#emars/explain/scan-grid.js';

const grid = { depth: { stride: 2, offset: 0 }, plane: { stride: 4, offset: 0 } };

it('leaves the grid where the scan has the network’s size', () => {
  expect(scanGrid(grid, { slices: 8, size: 16 }, [8, 16, 16])).toEqual([grid.depth, grid.plane, grid.plane]);
});

it('keeps the centre of the input on the centre of the scan', () => {
  const [depth, height, width] = scanGrid(grid, { slices: 8, size: 16 }, [40, 64, 32]);
  for (const [axis, seen, extent, own] of [
    [depth, 8, 40, grid.depth],
    [height, 16, 64, grid.plane],
    [width, 16, 32, grid.plane],
  ] as const) {
    const feature = ((seen - 1) / 2 - own.offset) / own.stride;
    expect(axis.offset + axis.stride * feature).toBeCloseTo((extent - 1) / 2, 10);
  }
});

it('shows a slice without evidence as it is, and evidence in red', () => {
  expect([...overlaySlice(Float32Array.of(0.2, 0.2), Float32Array.of(0, 1))]).toEqual([
    51, 51, 51, 173, 20, 20,
  ]);
});
