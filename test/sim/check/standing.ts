/** Where a search is, for a person who reads why it does not end. */
import type { SearchState } from '#emars/search/state.js';

export function standing(search: SearchState | null): string {
  if (search === null) return 'evolution has not begun';
  const { phase, epoch, step, rollbacks } = search;
  return `it stands in phase "${phase}" of epoch ${epoch}, step ${step}, after ${rollbacks} rollbacks`;
}
