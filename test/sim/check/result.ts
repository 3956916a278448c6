/** What a search has come to, without who did it and when: equal for equal rules, whatever happened on the way. */
import type { SearchState } from '#emars/search/state.js';
import { createHash } from 'node:crypto';

export interface SearchResult {
  readonly front: readonly string[];
  /** Digest of every measurement of every epoch. */
  readonly history: string;
  /** Digest of weights, statistics and optimiser after the last epoch. */
  readonly weights: string;
  /** Which epochs an objective took part in that joined. */
  readonly joined: readonly { readonly since: number; readonly left: number | null }[];
}

export function resultOf({ front, history, trainedSnapshot, joined }: SearchState): SearchResult {
  // Measurements stand in the order in which they came.
  const rows = history.map((row) => ({ ...row, measurements: Object.entries(row.measurements).sort() }));
  return {
    front,
    history: createHash('sha256').update(JSON.stringify(rows)).digest('hex'),
    weights: String(trainedSnapshot),
    joined: joined.map(({ since, left }) => ({ since, left: left?.epoch ?? null })),
  };
}

/** What differs, in words; null when nothing does. */
export function difference(expected: SearchResult, got: SearchResult): string | null {
  if (expected.weights !== got.weights)
    return `expected the weights ${expected.weights.slice(0, 12)} of the undisturbed run, got ${got.weights.slice(0, 12)}`;
  if (expected.front.join() !== got.front.join())
    return `expected the front ${expected.front.join()} of the undisturbed run, got ${got.front.join()}`;
  if (expected.history !== got.history) return 'expected the measurements of the undisturbed run, got others';
  return null;
}
