import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { superNetLayout } from '#emars/space/layout.js';
import type { SearchSpace } from '#emars/space/space.js';
import { generator } from '#emars/random/generator.js';
import type { OptimizerOptions } from '#emars/training/optimizer.js';
import { learnedBytes, learnedViews, Replica } from '#emars/training/replica.js';
import { stepArithmetic } from '#emars/training/step-arithmetic.js';
import {
  decodeSnapshot,
  decodeWeights,
  encodeSnapshot,
  SnapshotFormatError,
} from '#emars/training/snapshot.js';

const space: SearchSpace = {
  stem: 2,
  widths: [3],
  strides: [1],
  blocks: [1],
  operations: ['mb_k3_e2', 'skip'],
  head: 5,
  classes: 2,
};
const layout = superNetLayout(space);
const adam: OptimizerOptions = {
  kind: 'adam',
  weightAverage: 0,
  learningRate: 0.1,
  momentum: 0.9,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};

/** A replica with something in each of its vectors, and the memory it lives in. */
function replicaOf(seed: number, optimizer = adam): { replica: Replica; memory: ArrayBuffer } {
  const memory = new ArrayBuffer(learnedBytes(layout, optimizer));
  const random = generator(seed, 'replica');
  const { parameters, statistics, optimizerState, average } = learnedViews(layout, optimizer, memory);
  for (const vector of [parameters, statistics, optimizerState, average])
    for (let i = 0; i < vector.length; i++) vector[i] = random.normal();
  const replica = new Replica({
    layout,
    optimizer,
    rate: { first: 0.1, last: 0.1, shape: 'linear', steps: 1 },
    divide: 'by-step',
    arithmetic: stepArithmetic(layout.parameters, null),
    memory,
  });
  return { replica, memory };
}
const bytesOf = (replica: Replica): Buffer => Buffer.concat(replica.snapshotParts());

describe('a snapshot', () => {
  it('gives another replica the same state, step included', () => {
    const { replica, memory } = replicaOf(1);
    replica.appliedStep = 41;
    const { replica: other, memory: otherMemory } = replicaOf(2);
    other.restore(bytesOf(replica));
    expect(Buffer.from(otherMemory).equals(Buffer.from(memory))).toBe(true);
    expect(other.appliedStep).toBe(41);
    expect(other.digest()).toBe(replica.digest());
    expect(replica.digest()).toBe(createHash('sha256').update(bytesOf(replica)).digest('hex'));
  });

  it('holds the moving average of a run that keeps one, and gives it to who predicts', () => {
    const averaging = { ...adam, weightAverage: 0.9 };
    const { replica, memory } = replicaOf(4, averaging);
    const { average } = learnedViews(layout, averaging, memory);
    const bytes = bytesOf(replica);
    expect(decodeWeights(layout, bytes).parameters).toEqual(average);
    const { replica: other, memory: otherMemory } = replicaOf(5, averaging);
    other.restore(bytes);
    expect(Buffer.from(otherMemory).equals(Buffer.from(memory))).toBe(true);
    expect(() => replicaOf(5).replica.restore(bytes)).toThrow(/0 averaged weights/);
    expect(() => other.restore(bytesOf(replicaOf(5).replica))).toThrow(/averaged weights, got 0/);
  });

  it('is read at any alignment', () => {
    const bytes = bytesOf(replicaOf(1).replica);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    expect(decodeSnapshot(layout, shifted)).toEqual(decodeSnapshot(layout, bytes));
  });

  it('gives weights alone to who only predicts, whatever the optimiser, and none of the file’s memory', () => {
    for (const kind of ['adam', 'sgd'] as const) {
      const { replica, memory } = replicaOf(3, { ...adam, kind });
      const { parameters, statistics } = learnedViews(layout, { kind, weightAverage: 0 }, memory);
      const bytes = bytesOf(replica);
      const weights = decodeWeights(layout, bytes);
      expect(weights).toEqual({ parameters, statistics });
      expect(weights.parameters.buffer.byteLength).toBe(4 * layout.parameterCount);
      expect(weights.statistics.buffer.byteLength).toBe(4 * layout.statisticCount);
    }
  });

  it('has the format of version 1: a line of 256 bytes, then the vectors', () => {
    const { replica, memory } = replicaOf(4);
    replica.appliedStep = 7;
    const bytes = bytesOf(replica);
    expect(bytes.toString('latin1', 0, 256)).toMatch(
      /^\{"format":1,"parameters":\d+,"statistics":\d+,"optimizer":"adam","layout":"[0-9a-f]{16}","step":7\} *\n$/,
    );
    expect(bytes.subarray(256).equals(Buffer.from(memory))).toBe(true);
  });

  it('of another net, another optimiser, cut off or damaged in its header is refused', () => {
    const { replica } = replicaOf(1);
    const bytes = bytesOf(replica);
    const wider = superNetLayout({ ...space, widths: [4] });
    const header = Buffer.from(bytes);
    header[3] = 0;
    for (const [read, from] of [
      [wider, bytes],
      [layout, bytes.subarray(0, -4)],
      [layout, bytes.subarray(0, 100)],
      [layout, Buffer.concat([bytes, Buffer.alloc(4)])],
      [layout, Buffer.alloc(0)],
      [layout, header],
    ] as const) {
      expect(() => decodeSnapshot(read, from)).toThrow(SnapshotFormatError);
      expect(() => decodeWeights(read, from)).toThrow(SnapshotFormatError);
    }
    expect(() => replicaOf(1, { ...adam, kind: 'sgd' }).replica.restore(bytes)).toThrow(
      /with the optimiser sgd, got adam/,
    );
  });

  it('shares the memory of what it was made of', () => {
    const { replica, memory } = replicaOf(5);
    const parts = encodeSnapshot(layout, {
      ...learnedViews(layout, { kind: 'adam', weightAverage: 0 }, memory),
      optimizer: 'adam',
      step: 0,
    });
    new Float32Array(memory)[0] = 123;
    expect(Buffer.concat(parts).equals(bytesOf(replica))).toBe(true);
  });
});

describe('the moving average of the weights', () => {
  it('moves with touched tensors, the first steps weighing more, and stays for others', () => {
    const averaging = { ...adam, weightAverage: 0.5 };
    const memory = new ArrayBuffer(learnedBytes(layout, averaging));
    const { average, parameters } = learnedViews(layout, averaging, memory);
    const rate = { first: 0.1, last: 0.1, shape: 'linear', steps: 1 } as const;
    const replica = new Replica({
      layout,
      optimizer: averaging,
      rate,
      divide: 'by-step',
      arithmetic: stepArithmetic(layout.parameters, null),
      memory,
    });
    const { size } = layout.parameters[0]!;
    const values = new Float32Array(size).fill(1);
    const slot = { tensors: [0], values, weight: 1, statisticTensors: [], statistics: new Float32Array(0) };
    replica.applyStep([slot]);
    // After step 1 the decay is 1 / 11.
    expect(average[0]).toBeCloseTo((parameters[0]! * 10) / 11, 6);
    const first = average[0]!;
    for (let step = 0; step < 20; step++) replica.applyStep([slot]);
    expect(average[0]).toBeLessThan(first);
    expect(average[0]).toBeGreaterThan(parameters[0]!);
    expect([...average.subarray(size)].every((value) => value === 0)).toBe(true);
  });
});
