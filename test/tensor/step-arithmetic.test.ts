/** A step of the weights by the native kernels has the bits of JavaScript's, with every instruction set. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { optimizerFloats } from '#emars/training/optimizer.js';
import type { OptimizerOptions } from '#emars/training/optimizer.js';
import { stepArithmetic } from '#emars/training/step-arithmetic.js';
import { holds } from '../plain/property.js';
import { kernelsPath, kernelsWith } from './support/kernels.js';

/** Numbers of every size, subnormal ones, infinities and NaN among them: a diverged net must diverge alike. */
const number = fc.oneof(
  { weight: 20, arbitrary: fc.float({ min: -8, max: 8, noNaN: true }) },
  { weight: 2, arbitrary: fc.float() },
);

interface Drawn {
  readonly tensors: { readonly offset: number; readonly size: number }[];
  readonly slots: { readonly tensors: number[]; readonly values: Float32Array; readonly weight: number }[];
  readonly weights: Float32Array;
  readonly options: OptimizerOptions;
  readonly divide: 'by-step' | 'by-touch';
}

const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    sizes: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 }),
    gap: fc.integer({ min: 0, max: 3 }),
    kind: fc.constantFrom('sgd' as const, 'adam' as const),
    momentum: fc.constantFrom(0, 0.9),
    weightDecay: fc.constantFrom(0, 5e-4),
    learningRate: fc.double({ min: 1e-5, max: 1, noNaN: true }),
    divide: fc.constantFrom('by-step' as const, 'by-touch' as const),
  })
  .chain(({ sizes, gap, divide, ...options }) => {
    let end = 0;
    const tensors = sizes.map((size) => {
      const offset = end + gap;
      end = offset + size;
      return { offset, size };
    });
    const slot = fc.subarray(sizes.map((_, i) => i)).chain((touched) => {
      const floats = touched.reduce((sum, i) => sum + sizes[i]!, 0);
      return fc.record({
        tensors: fc.constant(touched),
        values: fc
          .array(number, { minLength: floats, maxLength: floats })
          .map((all) => Float32Array.from(all)),
        weight: fc.integer({ min: 0, max: 8 }),
      });
    });
    return fc.record({
      tensors: fc.constant(tensors),
      slots: fc.array(slot, { minLength: 1, maxLength: 4 }),
      weights: fc.array(number, { minLength: end, maxLength: end }).map((all) => Float32Array.from(all)),
      options: fc.constant({ ...options, weightAverage: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
      divide: fc.constant(divide),
    });
  });

/** Weights and optimiser state after two steps with these slots, and which tensors moved. */
function bitsOf({ tensors, slots, weights, options, divide }: Drawn, addon: string | null): string {
  const arithmetic = stepArithmetic(tensors, addon);
  const moved = Float32Array.from(weights);
  const state = new Float32Array(optimizerFloats(options.kind, weights.length, tensors.length));
  const sum = new Float32Array(weights.length);
  let touched = new Uint8Array();
  for (let step = 0; step < 2; step++) {
    touched = Uint8Array.from(arithmetic.sum(slots, sum, divide));
    arithmetic.move(options, { touched, values: sum }, moved, state);
  }
  return Buffer.concat([touched, wordsOf(moved), wordsOf(state)]).toString('hex');
}

/** A NaN is one whatever its other bits, which IEEE 754 leaves open. */
function wordsOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.map((value) => (Number.isNaN(value) ? NaN : value)).buffer);
}

describe.skipIf(kernelsPath === null)('a step of the weights by the native kernels', () => {
  it.each(['plain', 'avx2', 'avx512'] as const)('has the bits of JavaScript’s: %s', (instructions) => {
    if (kernelsWith(instructions) === null) {
      console.warn(`skipped: this processor has no ${instructions}`);
      return;
    }
    holds(
      fc.property(drawn, (one) => {
        expect(bitsOf(one, kernelsPath)).toBe(bitsOf(one, null));
      }),
      300,
    );
  });

  it('refuses what does not fit: a slot of another length, spans beyond the vector', () => {
    const tensors = [{ offset: 0, size: 3 }];
    const slots = [{ tensors: [0], values: new Float32Array(2), weight: 1 }];
    const step = stepArithmetic(tensors, kernelsPath);
    expect(() => step.sum(slots, new Float32Array(3), 'by-step')).toThrow(
      'expected a path gradient of 3 floats, got 2',
    );
    const whole = [{ ...slots[0]!, values: new Float32Array(3) }];
    expect(() => step.sum(whole, new Float32Array(2), 'by-step')).toThrow(
      'a span does not lie within the vector',
    );
  });
});
