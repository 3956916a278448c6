/** What a relation between keys is, and how most are written. */
import type { Options } from './options.js';

export interface Relation {
  /** Paths read; the first is where the problem is reported. */
  readonly reads: readonly [string, ...string[]];
  /** null where the combination is possible. */
  readonly check: (
    options: Options,
  ) => { readonly expected: string; readonly got: string; readonly remedy: string } | null;
}

export const unless = (possible: boolean, expected: string, got: string, remedy: string) =>
  possible ? null : { expected, got, remedy };

export const duplicate = (list: readonly string[]): string | undefined =>
  list.find((name, index) => list.indexOf(name) !== index);
