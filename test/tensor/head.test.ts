import './support/one-thread.js';
import { describe, expect, it } from 'vitest';
import { add, dense, globalAveragePool, multiplyMask, softmaxCrossEntropy } from '#emars/tensor/head.js';
import { fromFloats, inScope, toFloats } from '#emars/tensor/scope.js';
import { meanCrossEntropy, predictedClasses } from '#emars/training/loss.js';
import { expectGradientsByDifferences, random } from './support/numbers.js';

describe('the head’s operations have the gradients that differences show', () => {
  it('global average pooling', () => {
    expectGradientsByDifferences((x) => globalAveragePool(x, 3), [random([6, 2, 4, 5], 'pool')]);
  });
  it('the fully connected layer', () => {
    expectGradientsByDifferences(
      (x, w, b) => dense(x, w, b),
      [random([3, 5], 'dense x'), random([5, 4], 'dense w'), random([4], 'dense b')],
    );
  });
  it('a mask, and the residual sum where both terms share an ancestor', () => {
    const mask = random([3, 5], 'mask').values;
    expectGradientsByDifferences(
      (x) => multiplyMask(x, fromFloats(mask, [3, 5])),
      [random([3, 5], 'masked')],
    );
    expectGradientsByDifferences(
      (x, y) => add(add(x, y), x),
      [random([2, 3], 'add x'), random([2, 3], 'add y')],
    );
  });
  it('weighted cross-entropy', () => {
    const targets = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 1, 0);
    expectGradientsByDifferences(
      (logits) =>
        softmaxCrossEntropy(logits, fromFloats(targets, [3, 3]), fromFloats(Float32Array.of(1, 0.5, 2), [3])),
      [random([3, 3], 'logits')],
    );
  });
});

describe('the loss', () => {
  const logits = Float32Array.of(1, 2, 0, -1, 0, 3);
  const crossEntropy = (row: number[], label: number): number =>
    Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[label]!;

  it('is the mean cross-entropy, each sample weighted by its class', () => {
    inScope(() => {
      const tensor = fromFloats(logits, [2, 3]);
      const [first, second] = [crossEntropy([1, 2, 0], 1), crossEntropy([-1, 0, 3], 0)];
      expect(toFloats(meanCrossEntropy(tensor, Int32Array.of(1, 0)))[0]).toBeCloseTo((first + second) / 2, 5);
      expect(
        toFloats(meanCrossEntropy(tensor, Int32Array.of(1, 0), Float32Array.of(3, 0.5, 1)))[0],
      ).toBeCloseTo((0.5 * first + 3 * second) / 2, 5);
    });
  });

  it('refuses labels outside the classes and weights of another number', () => {
    inScope(() => {
      const tensor = fromFloats(logits, [2, 3]);
      expect(() => meanCrossEntropy(tensor, Int32Array.of(1, 3))).toThrow(/labels from 0 to 2, got 3/);
      expect(() => meanCrossEntropy(tensor, Int32Array.of(1))).toThrow(/2 labels, got 1/);
      expect(() => meanCrossEntropy(tensor, Int32Array.of(1, 0), Float32Array.of(1))).toThrow(
        /3 class weights, got 1/,
      );
    });
  });

  it('predicts the first of equal largest logits', () => {
    expect([...predictedClasses(Float32Array.of(1, 1, 0, 0, 2, 2), 3)]).toEqual([0, 1]);
  });
});

describe('global average pooling', () => {
  it('averages over depth, height and width of each scan', () => {
    inScope(() => {
      // Depth-major rows: (depth 0, scan 0), (depth 0, scan 1), (depth 1, scan 0), (depth 1, scan 1).
      const x = fromFloats(Float32Array.of(1, 10, 2, 20, 3, 30, 4, 40), [4, 1, 1, 2]);
      expect([...toFloats(globalAveragePool(x, 2))]).toEqual([2, 20, 3, 30]);
    });
  });
});
