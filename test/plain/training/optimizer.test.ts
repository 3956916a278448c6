import { describe, expect, it } from 'vitest';
import type { OptimizerOptions } from '#emars/training/optimizer.js';
import { optimizerFloats, optimizerStep } from '#emars/training/optimizer.js';

const base: OptimizerOptions = {
  kind: 'adam',
  weightAverage: 0,
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};
const tensors = [
  { offset: 0, size: 1 },
  { offset: 1, size: 1 },
];

function run(
  options: OptimizerOptions,
  steps: { touched: number[]; gradient: number[] }[],
): { weights: number[]; state: Float32Array } {
  const weights = Float32Array.of(1, 1);
  const state = new Float32Array(optimizerFloats(options.kind, 2, 2));
  for (const { touched, gradient } of steps)
    optimizerStep(
      options,
      { tensors, touched: Uint8Array.from(touched), values: Float32Array.from(gradient) },
      weights,
      state,
    );
  return { weights: [...weights], state };
}

describe('Adam', () => {
  it('moves by the learning rate at a first step, whatever the gradient (Kingma & Ba, section 2.1)', () => {
    const { weights } = run(base, [{ touched: [1, 1], gradient: [1000, -0.001] }]);
    expect(weights[0]).toBeCloseTo(0.9, 5);
    expect(weights[1]).toBeCloseTo(1.1, 4);
  });

  it('gives the numbers of the algorithm written out, over three steps', () => {
    const gradients = [0.5, -0.2, 0.1];
    let [m, v, w] = [0, 0, 1];
    gradients.forEach((g, i) => {
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      w -= (0.1 * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
    });
    expect(
      run(
        base,
        gradients.map((g) => ({ touched: [1, 0], gradient: [g, 0] })),
      ).weights[0],
    ).toBeCloseTo(w, 5);
  });

  it('counts steps per tensor: one that joins late takes a first step', () => {
    const steps = Array.from({ length: 50 }, () => ({ touched: [1, 0], gradient: [1, 9] }));
    const { weights } = run(base, [...steps, { touched: [0, 1], gradient: [9, 1] }]);
    expect(weights[1]).toBeCloseTo(0.9, 5);
  });

  it('does not start anew after very many steps, when the powers of beta vanish', () => {
    const options = { ...base, beta1: 0.1, beta2: 0.2, learningRate: 1e-6 };
    const long = run(
      options,
      Array.from({ length: 2000 }, () => ({ touched: [1, 0], gradient: [1, 0] })),
    );
    const before = long.weights[0]!;
    const after = run(
      options,
      Array.from({ length: 2001 }, (_, i) => ({ touched: [1, 0], gradient: [i === 2000 ? 1e-3 : 1, 0] })),
    ).weights[0]!;
    // A fresh start would move by the whole rate in the direction of the small gradient's sign alone.
    expect(Math.abs(after - before)).toBeLessThan(0.5e-6);
  });
});

describe.each(['sgd', 'adam'] as const)('%s', (kind) => {
  it('leaves an untouched tensor and its state as they are: no momentum, no decay', () => {
    const options = { ...base, kind, weightDecay: 0.1 };
    const once = run(options, [{ touched: [1, 1], gradient: [1, 1] }]);
    const twice = run(options, [
      { touched: [1, 1], gradient: [1, 1] },
      { touched: [1, 0], gradient: [1, 5] },
    ]);
    expect(twice.weights[1]).toBe(once.weights[1]);
    expect(twice.weights[0]).not.toBe(once.weights[0]);
    // The state of a tensor is where a step of it alone changes something: none of it is the other's.
    const changed = (touched: number[]): number[] => {
      const { state } = run(options, [
        { touched: [1, 1], gradient: [1, 1] },
        { touched, gradient: [1, 5] },
      ]);
      return [...state.keys()].filter((i) => state[i] !== once.state[i]);
    };
    const [first, second] = [changed([1, 0]), changed([0, 1])];
    expect([first.length > 0, second.length > 0]).toEqual([true, true]);
    expect(first.filter((i) => second.includes(i))).toEqual([]);
  });

  it('pulls weights towards zero by weight decay', () => {
    expect(
      run({ ...base, kind, weightDecay: 0.5 }, [{ touched: [1, 1], gradient: [0, 0] }]).weights[0],
    ).toBeLessThan(1);
  });
});

describe('SGD', () => {
  it('keeps a fraction of the last velocity', () => {
    const { weights } = run({ ...base, kind: 'sgd' }, [
      { touched: [1, 0], gradient: [1, 0] },
      { touched: [1, 0], gradient: [1, 0] },
    ]);
    expect(weights[0]).toBeCloseTo(1 - 0.1 - 0.1 * 1.9, 5);
  });
});
