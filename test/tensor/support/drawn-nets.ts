/** Small nets of any shape, drawn by fast-check, and batches for them. */
import fc from 'fast-check';
import { initialiseParameters } from '#emars/network/initialise.js';
import type { Subnet } from '#emars/network/supernet.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { Operation, SearchSpace } from '#emars/space/space.js';
import type { pathGradient } from '#emars/training/path-gradient.js';
import { randomFloats, size } from './numbers.js';

export interface Case {
  readonly space: SearchSpace;
  readonly genome: readonly Operation[];
  readonly shape: readonly [number, number, number, number];
  readonly key: number;
}

const extent = fc.integer({ min: 1, max: 23 });
const channels = fc.integer({ min: 3, max: 37 });
const operation = fc
  .record({ kernel: fc.constantFrom(1, 3, 5, 7, 9, 11), expansion: fc.integer({ min: 1, max: 4 }) })
  .map(({ kernel, expansion }): Operation => `mb_k${kernel}_e${expansion}` as Operation);

/** Nets of one or two cells, of channels off 16, on volumes of any size. */
export const cases: fc.Arbitrary<Case> = fc
  .record({
    stem: channels,
    head: channels,
    cells: fc.array(
      fc.record({
        width: channels,
        stride: fc.constantFrom(1, 2),
        blocks: fc.array(operation, { maxLength: 2 }),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    shape: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 9 }), extent, extent),
    key: fc.integer({ min: 0, max: 1e6 }),
  })
  .map(({ stem, head, cells, shape, key }) => {
    const blocks = cells.map((cell) => (cell.blocks.length === 0 ? (['skip'] as const) : cell.blocks));
    return {
      space: {
        stem,
        widths: cells.map(({ width }) => width),
        strides: cells.map(({ stride }) => stride),
        blocks: blocks.map(({ length }) => length),
        operations: [...new Set(['skip' as const, ...blocks.flat()])],
        head,
        classes: 3,
      },
      genome: blocks.flat(),
      shape,
      key,
    };
  });

/** The net of a case, with a batch for it. */
export function made({ space, genome, shape, key }: Case): {
  subnet: Subnet;
  batch: Parameters<typeof pathGradient>[1];
  options: { dropoutMask: Float32Array; labelSmoothing: number };
} {
  const net = superNetOf(space);
  const subnet = { net, path: resolvePath(net, genome), parameters: initialiseParameters(net.layout, key) };
  // Gammas and betas that are not 1 and 0.
  randomFloats(subnet.parameters.length, `around ${key}`, 0.1).forEach((value, i) => {
    subnet.parameters[i]! += value;
  });
  return {
    subnet,
    batch: {
      images: randomFloats(size(shape), `images ${key}`),
      shape,
      labels: Int32Array.from({ length: shape[0] }, (_, i) => (i + key) % 3),
    },
    options: {
      dropoutMask: Float32Array.from({ length: shape[0] * space.head }, (_, i) => (i % 3 === 0 ? 0 : 1.5)),
      labelSmoothing: 0.1,
    },
  };
}
