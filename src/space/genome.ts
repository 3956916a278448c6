/**
 * A genome: one candidate operation a searchable block, in network order (paper section IV-A).
 * Written as names; the paper writes one-hot sequences.
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
