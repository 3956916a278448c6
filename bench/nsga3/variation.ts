/**
 * Variation of real vectors in [0, 1]: simulated binary crossover and polynomial mutation, bounded.
 *
 * Source: Deb & Agrawal 1995 (SBX), Deb & Goyal 1996 (PM), in the bounded forms of Deb's published
 * NSGA-II code. Settings of Deb & Jain 2014, Table II: SBX eta 30 and probability 1, PM eta 20 and
 * 1/n a variable. As in that code (and in the peer), crossover touches a variable with probability
 * 1/2, and parents are drawn at random.
 */
import type { Generator } from '#emars/random/generator.js';

const SBX_ETA = 30;
const PM_ETA = 20;
/** Parents nearer than this in a variable are left alone in it. */
const TOO_CLOSE = 1e-14;

/**
 * `count` parents from 0…size-1: random permutations one after the other, and of each two in a row
 * one by chance. So each has nearly the same number of chances, as in the peer.
 */
export function drawParents(size: number, count: number, random: Generator): number[] {
  const candidates: number[] = [];
  while (candidates.length < 2 * count) candidates.push(...random.permutation(size));
  return Array.from({ length: count }, (_, k) => candidates[2 * k + (random.chance(0.5) ? 1 : 0)]!);
}

/** Two children of two parents. */
export function crossover(a: Float64Array, b: Float64Array, random: Generator): [Float64Array, Float64Array] {
  const left = a.slice();
  const right = b.slice();
  for (let j = 0; j < a.length; j++) {
    if (!random.chance(0.5) || Math.abs(a[j]! - b[j]!) <= TOO_CLOSE) continue;
    const low = Math.min(a[j]!, b[j]!);
    const high = Math.max(a[j]!, b[j]!);
    const draw = random.uniform();
    const child1 = within01(0.5 * (low + high - spread(draw, 1 + (2 * low) / (high - low)) * (high - low)));
    const child2 = within01(
      0.5 * (low + high + spread(draw, 1 + (2 * (1 - high)) / (high - low)) * (high - low)),
    );
    const swap = random.chance(0.5);
    left[j] = swap ? child2 : child1;
    right[j] = swap ? child1 : child2;
  }
  return [left, right];
}

function spread(draw: number, beta: number): number {
  const alpha = 2 - Math.pow(beta, -(SBX_ETA + 1));
  const base = draw <= 1 / alpha ? draw * alpha : 1 / (2 - draw * alpha);
  return Math.pow(base, 1 / (SBX_ETA + 1));
}

/** Changes `x` in place, each variable with probability 1/n. */
export function mutate(x: Float64Array, random: Generator): void {
  const probability = 1 / x.length;
  for (let j = 0; j < x.length; j++) {
    if (!random.chance(probability)) continue;
    const draw = random.uniform();
    const value = x[j]!;
    const step =
      draw <= 0.5
        ? Math.pow(2 * draw + (1 - 2 * draw) * Math.pow(1 - value, PM_ETA + 1), 1 / (PM_ETA + 1)) - 1
        : 1 - Math.pow(2 * (1 - draw) + 2 * (draw - 0.5) * Math.pow(value, PM_ETA + 1), 1 / (PM_ETA + 1));
    x[j] = within01(value + step);
  }
}

function within01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
