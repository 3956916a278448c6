/** What holds of sampling, crossover, mutation and breeding in every search space. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import type { Genome } from '#emars/space/genome.js';
import { asGenome, genomeId } from '#emars/space/genome.js';
import type { Operation, SearchSpace } from '#emars/space/space.js';
import { breed, crossover, mutate, sampleGenome, SpaceExhausted } from '#emars/space/variation.js';
import { holds } from '../property.js';

const OPERATIONS: readonly Operation[] = ['skip', 'mb_k3_e3', 'mb_k3_e6', 'mb_k5_e3', 'mb_k5_e6', 'mb_k7_e6'];
const space: fc.Arbitrary<SearchSpace> = fc
  .record({
    blocks: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    operations: fc.subarray([...OPERATIONS], { minLength: 2 }),
  })
  .map(({ blocks, operations }) => ({
    stem: 8,
    widths: blocks.map(() => 8),
    strides: blocks.map(() => 1),
    blocks,
    operations,
    head: 16,
    classes: 3,
  }));
const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const chance = fc.double({ min: 0, max: 1, noNaN: true });

/** A space, a seed and two genomes of the space. */
const couple = fc.tuple(space, seed).map(([where, number]) => {
  const random = generator(number, 'parents');
  return { space: where, seed: number, a: sampleGenome(where, random), b: sampleGenome(where, random) };
});

describe('every crossover', () => {
  it('deals the parents’ codes out to the children, block by block', () => {
    holds(
      fc.property(couple, chance, ({ seed: number, a, b }, probability) => {
        const [left, right] = crossover(a, b, probability, generator(number, 'cross'));
        a.forEach((code, block) => {
          expect([left[block], right[block]].sort()).toEqual([code, b[block]].sort());
        });
      }),
    );
  });

  it('is undone by the same one', () => {
    holds(
      fc.property(couple, chance, ({ seed: number, a, b }, probability) => {
        const [left, right] = crossover(a, b, probability, generator(number, 'cross'));
        expect(crossover(left, right, probability, generator(number, 'cross'))).toEqual([a, b]);
      }),
    );
  });
});

describe('every mutation', () => {
  it('gives a genome of the space; with chance 0 the same one, with chance 1 another code in each block', () => {
    holds(
      fc.property(couple, chance, ({ space: where, seed: number, a }, probability) => {
        const mutant = (p: number): Genome => mutate(where, a, p, generator(number, 'mutate'));
        expect(asGenome(where, mutant(probability))).toHaveLength(a.length);
        expect(mutant(0)).toEqual(a);
        expect(mutant(1).some((code, block) => code === a[block])).toBe(false);
      }),
    );
  });
});

describe('every brood', () => {
  const variation = { crossoverProbability: 0.5, mutationProbability: 0.2 };
  const bred = (where: SearchSpace, number: number, parents: readonly Genome[], count: number): Genome[] =>
    breed(where, parents, {
      taken: new Set(parents.map(genomeId)),
      count,
      variation,
      streamOf: (i) => generator(number, 'child', i),
    });

  it('is new: unlike its parents, unlike each other, and in the space', () => {
    holds(
      fc.property(couple, fc.integer({ min: 0, max: 12 }), ({ space: where, seed: number, a, b }, wanted) => {
        const length = where.blocks.reduce((sum, n) => sum + n, 0);
        const room = where.operations.length ** length - new Set([genomeId(a), genomeId(b)]).size;
        const count = Math.min(wanted, room);
        const ids = bred(where, number, [a, b], count).map((genome) => genomeId(asGenome(where, genome)));
        expect(ids).toHaveLength(count);
        expect(new Set([...ids, genomeId(a), genomeId(b)]).size).toBe(
          count + new Set([genomeId(a), genomeId(b)]).size,
        );
        expect(() => bred(where, number, [a, b], room + 1)).toThrow(SpaceExhausted);
      }),
    );
  });

  it('of fewer is the beginning of the brood of more', () => {
    holds(
      fc.property(couple, fc.nat({ max: 3 }), ({ space: where, seed: number, a, b }, fewer) => {
        const length = where.blocks.reduce((sum, n) => sum + n, 0);
        const more = Math.min(6, where.operations.length ** length - 2);
        const all = bred(where, number, [a, b], more);
        expect(bred(where, number, [a, b], Math.min(fewer, more))).toEqual(all.slice(0, fewer));
      }),
    );
  });
});

it('two genomes have one id only if they are one', () => {
  holds(
    fc.property(couple, ({ a, b }) => {
      expect(genomeId(a) === genomeId(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});
