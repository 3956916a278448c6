import './support/one-thread.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernels } from '#emars/kernels/kernels.js';
import { loadKernels } from '#emars/kernels/kernels.js';
import type { Subnet } from '#emars/network/supernet.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { predict, predictTransductive } from '#emars/training/predict.js';
import { recalibrate } from '#emars/training/recalibrate.js';
import { holds } from '../plain/property.js';
import { kernels, kernelsPath, kernelsWith } from './support/kernels.js';
import type { Case } from './support/drawn-nets.js';
import { cases, made } from './support/drawn-nets.js';
import { relativeError } from './support/numbers.js';

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
        const bits = INSTRUCTIONS.map((name) => kernelsWith(name)).flatMap((forced) =>
          forced === null ? [] : [bitsOf(drawn, forced)],
        );
        expect(new Set(bits).size).toBe(1);
      }),
      20,
    );
  });

  it('give equal bits for any number of threads, more than there are blocks of channels too', () => {
    const best = INSTRUCTIONS.findLast((name) => kernelsWith(name) !== null)!;
    holds(
      fc.property(cases, (drawn) => {
        const bits = [1, 2, 3, 16].map((threads) => bitsOf(drawn, kernelsWith(best, threads)!));
        expect(new Set(bits).size).toBe(1);
      }),
      20,
    );
    kernelsWith(best);
  });

  it('refuse a number of threads that none can be', () => {
    expect(() => loadKernels(kernelsPath!, 0)).toThrow('expected 1 to 256 threads');
  });
});

const INSTRUCTIONS = ['plain', 'avx2', 'avx512'] as const;

/** Loss, gradient, statistics and logits. */
function bitsOf(drawn: Case, kernels: Kernels): string {
  const { subnet, batch, options } = made(drawn);
  const native = { ...subnet, kernels };
  const { loss, gradient, statistics } = pathGradient(native, batch, options);
  const logits = predict(native, statistics, batch);
  return Buffer.concat([Float64Array.of(loss), gradient, statistics, logits].map(bytesOf)).toString('hex');
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
