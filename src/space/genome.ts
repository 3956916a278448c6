/**
 * A genome: one candidate operation a searchable block, in network order (paper section IV-A).
 * Written as names in files, as one-hot sequences in the paper's notation.
 */
import { createHash } from 'node:crypto';
import type { Operation, SearchSpace } from './space.js';
import { blockCount } from './space.js';

export type Genome = readonly Operation[];

/** Identity of a genotype: the first 16 hex digits of the SHA-256 of its operations. Equal genomes, equal ids. */
export function genomeId(genome: Genome): string {
  return createHash('sha256').update(genome.join(' ')).digest('hex').slice(0, 16);
}

/** Checks that a list of names is a genome of the space. Errors: RangeError that says what was expected. */
export function asGenome(space: SearchSpace, names: readonly string[]): Genome {
  const expected = blockCount(space);
  if (names.length !== expected)
    throw new RangeError(`expected a genome of ${expected} operations, got ${names.length}`);
  const known: readonly string[] = space.operations;
  const foreign = names.findIndex((name) => !known.includes(name));
  if (foreign >= 0)
    throw new RangeError(
      `expected block ${foreign} to be one of ${known.join(', ')}, got "${names[foreign]!}"`,
    );
  return names as Genome;
}

/** One-hot sequences, `[blocks][operations]` of 0 and 1. */
export function toOneHot(space: SearchSpace, genome: Genome): number[][] {
  return genome.map((operation) => space.operations.map((candidate) => (candidate === operation ? 1 : 0)));
}

/** Reads one-hot sequences. Errors: RangeError where a code is not exactly one 1 among 0s. */
export function fromOneHot(space: SearchSpace, codes: readonly (readonly number[])[]): Genome {
  return asGenome(
    space,
    codes.map((code, block) => {
      const hot = code.flatMap((bit, position) => (bit === 1 ? [position] : []));
      const valid =
        code.length === space.operations.length &&
        hot.length === 1 &&
        code.every((bit) => bit === 0 || bit === 1);
      if (!valid)
        throw new RangeError(
          `expected block ${block} to be a one-hot code of ${space.operations.length} bits, got [${code.join(', ')}]`,
        );
      return space.operations[hot[0]!]!;
    }),
  );
}
