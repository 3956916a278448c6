/**
 * Counter-based random numbers: a generator is a pure function of its key.
 *
 * A key is (seed, purpose, index…), for example `generator(seed, 'batch', epoch, step)`. No state is
 * shared between keys, so who draws, and in which order, cannot change a value: this is what makes a
 * search independent of the number of trainers and of crashes.
 *
 * Core: Philox4x32-10 (Salmon et al. 2011, SC'11, "Parallel random numbers: as easy as 1, 2, 3").
 * Integer arithmetic and one multiplication by 2^-32 only: the same bits in every JavaScript engine.
 * `normal` does without sin, cos and log, whose bits ECMAScript does not specify.
 */

/** Philox round multipliers and Weyl key increments (Salmon et al. 2011, table 2). */
const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of a 32 x 32 bit unsigned product, from 16-bit halves in integer arithmetic. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const highLow = Math.imul(aHigh, bLow);
  const lowHigh = Math.imul(aLow, bHigh);
  const carry = (Math.imul(aLow, bLow) >>> 16) + (highLow & 0xffff) + (lowHigh & 0xffff);
  return (Math.imul(aHigh, bHigh) + (highLow >>> 16) + (lowHigh >>> 16) + (carry >>> 16)) >>> 0;
}

/** One Philox4x32-10 block: counter (4 words) and key (2 words) to 4 words, written to `out`. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Eight uniforms on 0…65535 have the variance 8 (65536^2 - 1) / 12, and this is its root's inverse. */
const NORMAL_SCALE = 1 / 53509.91992145008;

/** What a generator is for: keeps streams apart that share a seed and indices. */
export type Purpose = string;

/** Two independent 32-bit words from a list of key parts (FNV-1a, then the murmur3 finaliser). */
function hashKey(parts: readonly (string | number)[]): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  const absorb = (byte: number): void => {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x5bd1e995);
    b ^= b >>> 15;
  };
  for (const part of parts) {
    const text = typeof part === 'number' ? `#${part}` : `"${part}`;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      absorb(code & 0xff);
      absorb(code >>> 8);
    }
    absorb(0x1f);
  }
  return [finalise(a), finalise(b)];
}

function finalise(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A stream of numbers, consumed in order. Plain data plus methods; never shared between purposes. */
export class Generator {
  private readonly block = new Uint32Array(4);
  private used = 4;
  private blocks = 0;

  constructor(
    private readonly key: readonly [number, number],
    private readonly nonce: readonly [number, number],
  ) {}

  /** The next 32 random bits, an integer in [0, 2^32). */
  bits(): number {
    if (this.used === 4) {
      philox(
        [this.blocks >>> 0, Math.floor(this.blocks / 0x100000000), this.nonce[0], this.nonce[1]],
        this.key,
        this.block,
      );
      this.blocks++;
      this.used = 0;
    }
    return this.block[this.used++]!;
  }

  /** Uniform in [0, 1) with 32 bits. */
  uniform(): number {
    return this.bits() * 2 ** -32;
  }

  /** Uniform integer in [0, bound), unbiased (rejection); `bound` from 1 to 2^32. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 0x100000000)
      throw new RangeError(`expected an integer bound from 1 to 2^32, got ${bound}`);
    const limit = Math.floor(0x100000000 / bound) * bound;
    for (;;) {
      const draw = this.bits();
      if (draw < limit) return draw % bound;
    }
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.uniform() < p;
  }

  /**
   * Standard normal as a sum of eight 16-bit uniforms (Irwin-Hall): mean 0, variance 1, range
   * [-4.9, 4.9]. Integer additions and one multiplication. Its tails are lighter than a Gaussian's,
   * which does not matter for initial weights and image noise, its only uses.
   */
  normal(): number {
    let sum = 0;
    for (let i = 0; i < 4; i++) {
      const word = this.bits();
      sum += (word & 0xffff) + (word >>> 16);
    }
    return (sum - 4 * 0xffff) * NORMAL_SCALE;
  }

  /** A random permutation of 0…n-1 (Fisher-Yates). */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = order[i]!;
      order[i] = order[j]!;
      order[j] = held;
    }
    return order;
  }

  /** One element of a non-empty list. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('expected a non-empty list to pick from');
    return list[this.integer(list.length)]!;
  }
}

/** The generator of a key. Equal keys give equal streams; different keys, independent ones. */
export function generator(
  seed: number,
  purpose: Purpose,
  ...indices: readonly (number | string)[]
): Generator {
  const nonce = hashKey([purpose, ...indices]);
  return new Generator(hashKey([seed, purpose]), nonce);
}
