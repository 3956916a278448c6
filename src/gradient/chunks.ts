/**
 * Cutting a slot's vector into chunks and putting it together again.
 *
 * Chunks arrive in any order, twice, or not at all; only a vector whose every chunk has come is complete. What a chunk
 * arrives in has a checksum of its own. Byte order is little-endian on the wire; the hosts we support are too.
 */
import { createHash } from 'node:crypto';

export interface Chunk {
  readonly index: number;
  readonly count: number;
  /** A view into the vector: send it before the vector changes. */
  readonly payload: Uint8Array;
}

/** The chunks of a vector of floats, at most `chunkBytes` (a multiple of 4) each; at least one. */
export function cut(vector: Float32Array, chunkBytes: number): Chunk[] {
  const count = chunkCount(vector.length, chunkBytes);
  return Array.from({ length: count }, (_, index) => chunkAt(vector, index, chunkBytes));
}

/** One of the chunks of a vector; `index` below their count. */
export function chunkAt(vector: Float32Array, index: number, chunkBytes: number): Chunk {
  const payload = bytesOf(vector).subarray(index * chunkBytes, (index + 1) * chunkBytes);
  return { index, count: chunkCount(vector.length, chunkBytes), payload };
}

/** Chunks that a vector of `length` floats is cut into. */
export function chunkCount(length: number, chunkBytes: number): number {
  return Math.max(1, Math.ceil((length * 4) / chunkBytes));
}

/** The bytes of a vector, sharing its memory. */
export function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** SHA-256 of a vector's bytes, in hex; messages carry it as bytes, which `wire` sees to. */
export function digestOf(vector: Float32Array): string {
  return createHash('sha256').update(bytesOf(vector)).digest('hex');
}

export type ChunkVerdict = 'stored' | 'duplicate' | 'complete' | 'bad-length';

/** A vector on its way in. Owns its memory. */
export class Assembly {
  readonly vector: Float32Array;
  private readonly present: Uint8Array;
  private left: number;

  constructor(
    /** Floats in the whole vector. */
    readonly length: number,
    protected readonly chunkBytes: number,
  ) {
    this.vector = new Float32Array(length);
    this.present = new Uint8Array(chunkCount(length, chunkBytes));
    this.left = this.present.length;
  }

  get complete(): boolean {
    return this.left === 0;
  }

  /** Indices that have not come yet, ascending. */
  missing(): number[] {
    return Array.from(this.present.keys()).filter((index) => this.present[index] === 0);
  }

  /** Takes one chunk in; copies `payload`. Says `complete` only for the chunk that completes the vector. */
  add(index: number, payload: Uint8Array): ChunkVerdict {
    const start = index * this.chunkBytes;
    const expected = Math.min(this.chunkBytes, this.length * 4 - start);
    if (index >= this.present.length || payload.length !== expected) return 'bad-length';
    if (this.present[index] === 1) return 'duplicate';
    bytesOf(this.vector).set(payload, start);
    this.present[index] = 1;
    this.left--;
    return this.left === 0 ? 'complete' : 'stored';
  }
}

/** Position of the first value that is no finite number, or -1. */
export function firstNonFinite(vector: Float32Array): number {
  return isFinite(vector) ? -1 : vector.findIndex((value) => !Number.isFinite(value));
}

/** Zero times a finite number is a zero, and NaN otherwise: four sums, as one would wait for itself. */
function isFinite(vector: Float32Array): boolean {
  const whole = vector.length - (vector.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += 0 * vector[i]!;
    b += 0 * vector[i + 1]!;
    c += 0 * vector[i + 2]!;
    d += 0 * vector[i + 3]!;
  }
  for (let i = whole; i < vector.length; i++) a += 0 * vector[i]!;
  return a + b + c + d === 0;
}
