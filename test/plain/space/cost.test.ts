import { describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import { pathCost } from '#emars/space/cost.js';
import type { Genome } from '#emars/space/genome.js';
import { superNetLayout } from '#emars/space/layout.js';
import type { SearchSpace } from '#emars/space/space.js';
import { blockCount } from '#emars/space/space.js';
import { sampleGenome } from '#emars/space/variation.js';

/** The search space of the paper (section III). */
const paper: SearchSpace = {
  stem: 32,
  widths: [24, 40, 80, 96, 192, 320],
  strides: [2, 2, 2, 1, 2, 1],
  blocks: [4, 4, 4, 4, 4, 1],
  head: 1280,
  classes: 3,
  operations: ['mb_k3_e3', 'mb_k3_e4', 'mb_k3_e6', 'mb_k5_e3', 'mb_k5_e4', 'mb_k7_e3', 'mb_k7_e4', 'skip'],
};
const input = { slices: 32, size: 64 };
const all = (operation: Genome[number]): Genome => Array.from({ length: blockCount(paper) }, () => operation);

describe('the cost of a path at the paper’s defaults', () => {
  it('reproduces the known sizes: SuperNet 97.4 MB, all skip 1.95 MB, all mb_k7_e4 22.61 MB', () => {
    const smallest = pathCost(paper, all('skip'), input);
    expect(smallest.supernet.sizeMB).toBeCloseTo(97.4, 1);
    expect(smallest.sizeMB).toBeCloseTo(1.95, 2);
    expect(pathCost(paper, all('mb_k7_e4'), input).sizeMB).toBeCloseTo(22.61, 2);
  });

  it('has a mean size near 13.98 MB over uniform draws', () => {
    const layout = superNetLayout(paper);
    const sizes = Array.from(
      { length: 400 },
      (_, i) => pathCost(paper, sampleGenome(paper, generator(1, 'cost', i)), input, layout).sizeMB,
    );
    expect(sizes.reduce((a, b) => a + b, 0) / sizes.length).toBeCloseTo(13.98, 0);
  });

  it('halves sizes upwards through stem and calibrations', () => {
    const cost = pathCost(paper, all('skip'), { slices: 33, size: 65 });
    const shapes = cost.blocks
      .filter((block) => block.op === 'stem' || block.op === 'calibration')
      .map((block) => block.outputShape);
    expect(shapes).toEqual([
      [17, 33, 33, 32],
      [9, 17, 17, 24],
      [5, 9, 9, 40],
      [3, 5, 5, 80],
      [3, 5, 5, 96],
      [2, 3, 3, 192],
      [2, 3, 3, 320],
    ]);
  });

  it('numbers its lines and ends in the classes', () => {
    const { blocks } = pathCost(paper, all('mb_k3_e3'), input);
    expect(blocks.map((block) => block.index)).toEqual(blocks.map((_, i) => i));
    expect(blocks).toHaveLength(1 + 6 + 21 + 1 + 1);
    expect(blocks.at(-1)).toMatchObject({ op: 'classifier', parameters: 1280 * 3 + 3, outputShape: [3] });
  });
});

describe('the cost of a small path', () => {
  const space: SearchSpace = {
    stem: 2,
    widths: [3],
    strides: [1],
    blocks: [1],
    operations: ['mb_k3_e2', 'skip'],
    head: 5,
    classes: 2,
  };

  it('equals a count by hand', () => {
    // Input 4x4x4: everything after the stem is 2x2x2 = 8 positions.
    const cost = pathCost(space, ['mb_k3_e2'], { slices: 4, size: 4 });
    expect(cost.blocks.map((block) => block.parameters)).toEqual([
      27 * 2 + 4,
      2 * 3 + 6,
      3 * 6 + 12 + 27 * 6 + 12 + 6 * 3 + 6,
      3 * 5 + 10,
      5 * 2 + 2,
    ]);
    expect(cost.blocks.map((block) => block.flops)).toEqual([
      8 * 2 * (2 * 27 + 3),
      8 * 3 * (2 * 2 + 2),
      8 * 6 * (2 * 3 + 3) + 8 * 6 * (2 * 27 + 3) + 8 * 3 * (2 * 6 + 2) + 8 * 3,
      8 * 5 * (2 * 3 + 3),
      8 * 5 + 2 * 5 * 2 + 2,
    ]);
    // Depthwise: block input (24) + its own input and output (48 each).
    expect(cost.peakActivations).toBe(24 + 48 + 48);
  });

  it('counts nothing for skip', () => {
    expect(pathCost(space, ['skip'], { slices: 4, size: 4 }).blocks[2]).toEqual({
      index: 2,
      op: 'skip',
      parameters: 0,
      flops: 0,
      outputShape: [2, 2, 2, 3],
    });
  });

  it('refuses an empty input', () => {
    expect(() => pathCost(space, ['skip'], { slices: 0, size: 4 })).toThrow(/at least 1 slice/);
  });
});
