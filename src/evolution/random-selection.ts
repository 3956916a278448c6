/** Random selection: the baseline every selector has to beat. */
import type { Generator } from '../random/generator.js';

/** `size` different members of `list`, each subset equally likely, in the order of the list. */
export function randomSubset(list: readonly number[], size: number, random: Generator): number[] {
  const places = random.permutation(list.length).slice(0, size);
  return places.sort((a, b) => a - b).map((place) => list[place]!);
}
