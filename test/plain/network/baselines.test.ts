/** Sizes and costs of the baselines, by arithmetic. */
import { describe, expect, it } from 'vitest';
import { networkOf } from '#emars/network/architecture.js';
import type { BaselineName } from '#emars/space/baseline-names.js';
import { BASELINE_NAMES } from '#emars/space/baseline-names.js';
import { baselineDesign, baselineLayout } from '#emars/network/baselines/catalogue.js';
import { baselineCost } from '#emars/network/baselines/cost.js';

const INPUT = { slices: 32, size: 128 };

/** MB of 2^20 bytes, as the paper's Table IV prints them. */
const PAPER: readonly (readonly [BaselineName, number])[] = [
  ['resnet3d-101', 325.21],
  ['densenet3d-121', 43.06],
  ['mc3-18', 43.84],
];

function sizeOf(name: BaselineName, channels: number, classes: number): number {
  return baselineCost(baselineLayout(baselineDesign(name), { channels, classes }), INPUT, channels).sizeMB;
}

describe.each(PAPER)('%s', (name, expected) => {
  it('has the size the paper prints, to the last digit but one, with 3 classes and 3 input channels', () => {
    expect(Math.abs(sizeOf(name, 3, 3) - expected)).toBeLessThan(0.01);
  });

  it('has it within 0.5 % on scans of one channel, with 2 or 3 classes', () => {
    for (const classes of [2, 3])
      expect(Math.abs(sizeOf(name, 1, classes) / expected - 1)).toBeLessThan(0.005);
  });

  it('would not have it with the classifier of Kinetics, 400 classes', () => {
    expect(Math.abs(sizeOf(name, 3, 400) / expected - 1)).toBeGreaterThan(0.005);
  });
});

describe.each(BASELINE_NAMES)('%s', (name) => {
  const layout = baselineLayout(baselineDesign(name), { channels: 1, classes: 3 });
  const cost = baselineCost(layout, INPUT, 1);

  it('counts every tensor of its layout, once', () => {
    expect(cost.parameters).toBe(layout.parameterCount);
    expect(new Set(layout.parameters.map((tensor) => tensor.name)).size).toBe(layout.parameters.length);
  });

  it('has tensors that fill the flat vectors without a gap', () => {
    for (const list of [layout.parameters, layout.statistics]) {
      let end = 0;
      for (const { offset, size } of list) {
        expect(offset).toBe(end);
        end += size;
      }
    }
  });

  it('ends in a map as wide as the classifier, 8 to 32 times smaller than the scan', () => {
    const [, height, , channels] = cost.blocks.at(-2)!.outputShape;
    expect(channels).toBe(layout.classifier.inputs);
    expect(INPUT.size / height!).toBe(name.startsWith('mc3') ? 16 : 32);
  });
});

it('FLOPs of the smallest convolution network are those counted by hand', () => {
  // MC3 of one block of one channel on 2 x 4 x 4: stem 3x7x7, stride (1, 2): 2*2*2 outputs of 2*147 + 3.
  const layout = baselineLayout({ family: 'mc3', width: 1, blocks: [1] }, { channels: 1, classes: 2 });
  const { blocks } = baselineCost(layout, { slices: 2, size: 4 }, 1);
  expect(blocks.map(({ op, flops }) => [op, flops])).toEqual([
    ['stem', 8 * (2 * 147 + 3)],
    // Two 3x3x3 convolutions, ReLU on the first, then the sum and its ReLU.
    ['group1/block00', 8 * (54 + 3) + 8 * (54 + 2) + 2 * 8],
    ['classifier', 8 + 2 * 2 + 2],
  ]);
});

it('the small ones are small', () => {
  for (const name of BASELINE_NAMES.filter((each) => each.endsWith('-small')))
    expect(sizeOf(name, 1, 3)).toBeLessThan(1);
});

describe('where the last features lie in the scan', () => {
  it.each([
    // Strides of stem, pooling and groups; the mean of neighbours lies half a step further.
    ['resnet3d-101', { depth: { stride: 16, offset: 0 }, plane: { stride: 32, offset: 0 } }],
    [
      'densenet3d-121',
      { depth: { stride: 16, offset: 1 + 2 + 4 }, plane: { stride: 32, offset: 2 + 4 + 8 } },
    ],
    ['mc3-18', { depth: { stride: 1, offset: 0 }, plane: { stride: 16, offset: 0 } }],
  ] as const)('follows from the layers of %s', (baseline, grid) => {
    expect(networkOf({ kind: 'baseline', baseline, classes: 3 }).grid).toEqual(grid);
  });

  it('follows from the strides of stem and cells of a path', () => {
    const { grid } = networkOf({
      kind: 'path',
      space: {
        stem: 4,
        widths: [6, 8, 8],
        strides: [2, 1, 2],
        blocks: [1, 1, 1],
        operations: ['mb_k3_e2', 'skip'],
        head: 12,
        classes: 3,
      },
      genome: ['mb_k3_e2', 'skip', 'skip'],
    });
    expect(grid).toEqual({ depth: { stride: 8, offset: 0 }, plane: { stride: 8, offset: 0 } });
  });
});
