import './support/one-thread.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialiseParameters } from '#emars/network/initialise.js';
import type { Subnet } from '#emars/network/supernet.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { Operation, SearchSpace } from '#emars/space/space.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { predict, predictTransductive } from '#emars/training/predict.js';
import { recalibrate } from '#emars/training/recalibrate.js';
import { holds } from '../plain/property.js';
import { kernels, kernelsWith } from './support/kernels.js';
import { randomFloats, relativeError, size } from './support/numbers.js';

interface Case {
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
const cases: fc.Arbitrary<Case> = fc
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

function made({ space, genome, shape, key }: Case): {
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

/** The worst tensor's error, relative to its largest value, or to a part of the whole gradient's. */
function worstError({ net, path }: Subnet, got: Float32Array, expected: Float32Array): number {
  const floor = 0.1 * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let start = 0;
  let worst = 0;
  for (const index of path.parameters) {
    const end = start + net.layout.parameters[index]!.size;
    worst = Math.max(worst, relativeError(got.subarray(start, end), expected.subarray(start, end), floor));
    start = end;
  }
  return worst;
}

describe.skipIf(kernels === null)('the native kernels', () => {
  it('compute what the composed form computes: loss, gradient, statistics and logits of any net', () => {
    const errors: number[] = [];
    holds(
      fc.property(cases, (drawn) => {
        const { subnet, batch, options } = made(drawn);
        const native = { ...subnet, kernels };
        const expected = pathGradient(subnet, batch, options);
        const got = pathGradient(native, batch, options);
        expect(Math.abs(got.loss - expected.loss)).toBeLessThan(1e-5 * Math.max(1, expected.loss));
        // Both sides round, and a ReLU6 that is at its kink within rounding may fall to either side.
        const error = worstError(subnet, got.gradient, expected.gradient);
        expect(error).toBeLessThan(1e-4);
        errors.push(error);
        expect(relativeError(got.statistics, expected.statistics)).toBeLessThan(1e-5);
        expect(got.firstBad).toBe(-1);
        const statistics = recalibrate(subnet, [batch]);
        expect(relativeError(recalibrate(native, [batch]), statistics)).toBeLessThan(1e-5);
        expect(
          relativeError(predict(native, statistics, batch), predict(subnet, statistics, batch)),
        ).toBeLessThan(1e-4);
        expect(
          relativeError(predictTransductive(native, batch), predictTransductive(subnet, batch)),
        ).toBeLessThan(1e-4);
      }),
      60,
    );
    expect(errors.filter((error) => error > 1e-5).length).toBeLessThan(0.1 * errors.length);
  });

  it('give equal bits with AVX-512, with AVX2 and without either', () => {
    holds(
      fc.property(cases, (drawn) => {
        const { subnet, batch, options } = made(drawn);
        const bits = (['plain', 'avx2', 'avx512'] as const).flatMap((name) => {
          const forced = kernelsWith(name);
          if (forced === null) return [];
          const native = { ...subnet, kernels: forced };
          const { loss, gradient, statistics } = pathGradient(native, batch, options);
          const logits = predict(native, statistics, batch);
          return [
            Buffer.concat([Float64Array.of(loss), gradient, statistics, logits].map(bytesOf)).toString('hex'),
          ];
        });
        expect(new Set(bits).size).toBe(1);
      }),
      20,
    );
  });
});

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
