/**
 * A trainer's learned state, small enough for thousands of runs: a few tensors of three floats, one
 * statistic, plain SGD with momentum. The sum over slots is the real one. A gradient is a hash of the
 * slot's key and of the weights it was computed on, so that a step taken on wrong weights, twice or out
 * of turn shows in every later digest.
 */
import { sumSlots } from '#emars/gradient/sum.js';
import type { SlotGradient } from '#emars/gradient/sum.js';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Operations, block by block, as messages name them. */
type Genome = readonly string[];

const TENSOR_FLOATS = 3;
const STEM_FLOATS = 4;
const STATISTICS = 2;
const RATE = 0.05;
const MOMENTUM = 0.9;
const SAMPLES = 2;

export interface FakeSlot {
  readonly genome: Genome;
  /** Null where the slot was committed as diverged. */
  readonly vector: Float32Array | null;
}

/** Which tensors exist: a stem, and one for each operation of each block. */
export class FakeNet {
  readonly tensors: readonly { readonly offset: number; readonly size: number }[];
  readonly floats: number;

  /** `stemFloats`: floats of the tensor that every path has. */
  constructor(
    blocks: number,
    private readonly operations: readonly string[],
    stemFloats = STEM_FLOATS,
  ) {
    const sizes = [stemFloats, ...Array.from({ length: blocks * operations.length }, () => TENSOR_FLOATS)];
    let offset = 0;
    this.tensors = sizes.map((size) => {
      const tensor = { offset, size };
      offset += size;
      return tensor;
    });
    this.floats = offset;
  }

  /** Words of a snapshot: step, weights, momentum, statistics. */
  get stateWords(): number {
    return 1 + 2 * this.floats + STATISTICS;
  }

  /** Indices of the tensors on a path, ascending; a `skip` has none. */
  path(genome: Genome): number[] {
    return [
      0,
      ...genome.flatMap((operation, block) =>
        operation === 'skip' ? [] : [1 + block * this.operations.length + this.operations.indexOf(operation)],
      ),
    ];
  }

  /** Floats of a path's slot vector: its gradient, then its statistics. */
  slotFloats(genome: Genome): number {
    return this.path(genome).reduce((sum, tensor) => sum + this.tensors[tensor]!.size, 0) + STATISTICS;
  }
}

export class FakeReplica {
  appliedStep = 0;
  private readonly weights: Float32Array;
  private readonly momentum: Float32Array;
  private readonly statistics = new Float32Array(STATISTICS);
  private readonly sum: Float32Array;

  constructor(private readonly net: FakeNet) {
    this.weights = new Float32Array(net.floats);
    this.momentum = new Float32Array(net.floats);
    this.sum = new Float32Array(net.floats);
  }

  initialise(seed: number): void {
    fill(this.weights, mixed(seed, 0x51ed270b));
    this.momentum.fill(0);
    this.statistics.fill(0);
    this.appliedStep = 0;
  }

  /** The vector of a slot on the weights as they are. */
  slotVector(genome: Genome, key: { readonly step: number; readonly slot: number }): Float32Array {
    const vector = new Float32Array(this.net.slotFloats(genome));
    const weights = crc32(Buffer.from(this.weights.buffer));
    fill(vector, mixed(mixed(weights, key.step + 1), key.slot + 1));
    return vector;
  }

  /** Applies a step; its slots in their order, or wrongly in another. */
  apply(slots: readonly FakeSlot[]): void {
    const outcomes = slots.map(({ genome, vector }): SlotGradient => {
      if (vector === null) return { tensors: [], values: new Float32Array(0), weight: 0 };
      return {
        tensors: this.net.path(genome),
        values: vector.subarray(0, vector.length - STATISTICS),
        weight: SAMPLES,
      };
    });
    const touched = sumSlots(this.net.tensors, outcomes, this.sum);
    this.net.tensors.forEach(({ offset, size }, tensor) => {
      if (touched[tensor] === 0) return;
      for (let i = offset; i < offset + size; i++) {
        this.momentum[i] = MOMENTUM * this.momentum[i]! + this.sum[i]!;
        this.weights[i] = this.weights[i]! - RATE * this.momentum[i]!;
      }
    });
    for (const { vector } of slots) {
      for (let i = 0; vector !== null && i < STATISTICS; i++)
        this.statistics[i] = 0.9 * this.statistics[i]! + 0.1 * vector[vector.length - STATISTICS + i]!;
    }
    this.appliedStep++;
  }

  snapshot(): Uint8Array {
    const header = new Uint32Array([this.appliedStep]);
    return Buffer.concat(
      [header, this.weights, this.momentum, this.statistics].map((part) => Buffer.from(part.buffer)),
    );
  }

  digest(): string {
    return createHash('sha256').update(this.snapshot()).digest('hex');
  }

  restore(snapshot: Uint8Array): void {
    const bytes = Uint8Array.from(snapshot);
    let at = 4;
    for (const part of [this.weights, this.momentum, this.statistics]) {
      part.set(new Float32Array(bytes.buffer, at, part.length));
      at += part.byteLength;
    }
    this.appliedStep = new Uint32Array(bytes.buffer, 0, 1)[0]!;
  }

  /** A fault of the memory: one bit of the stem's weights, which every path uses. */
  turnBit(): void {
    const bits = new Uint32Array(this.weights.buffer);
    bits[0] = bits[0]! ^ 0x400000;
  }
}

function mixed(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 13), 0x297a2d39);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Fills with values in [-1, 1) that follow from the seed. */
function fill(vector: Float32Array, seed: number): void {
  let word = seed === 0 ? 1 : seed;
  for (let i = 0; i < vector.length; i++) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    vector[i] = (word >>> 0) * 2 ** -31 - 1;
  }
}
