/**
 * Which networks of a search are retrained: the front, thinned out evenly where it is larger than asked
 * for, filled up with the most accurate others where it is smaller (spec section 3).
 */
import type { Front } from '../run/front.js';
import { byAccuracy } from '../run/best.js';
import type { HistoryLine } from '../run/history.js';

export interface Candidate {
  readonly id: string;
  readonly genome: readonly string[];
  readonly values: Readonly<Record<string, number>>;
}

/** At most `count` candidates, the most accurate first; `lines`: of the epoch that the front is of. */
export function chooseCandidates(
  { front, objectives }: Pick<Front, 'front' | 'objectives'>,
  lines: readonly HistoryLine[],
  count: number,
): Candidate[] {
  const chosen: Candidate[] = [...front].sort(byAccuracy);
  const names = objectives.map(({ name }) => name);
  while (chosen.length > count) chosen.splice(mostCrowded(chosen, names), 1);
  const taken = new Set(chosen.map(({ id }) => id));
  const others = [...lines].filter(({ id }) => !taken.has(id)).sort(byAccuracy);
  return [...chosen, ...others.slice(0, count - chosen.length)].map(({ id, genome, values }) => ({
    id,
    genome,
    values,
  }));
}

/** The member, never the first, whose neighbours along the objectives are nearest (Deb et al. 2002, III-B). */
function mostCrowded(members: readonly Candidate[], names: readonly string[]): number {
  const distances = members.map(() => 0);
  for (const name of names) {
    const order = members.map((_, index) => index);
    const valueOf = (index: number): number => members[index]!.values[name] ?? 0;
    order.sort((a, b) => valueOf(a) - valueOf(b) || a - b);
    const span = valueOf(order.at(-1)!) - valueOf(order[0]!);
    order.forEach((index, rank) => {
      const below = order[rank - 1];
      const above = order[rank + 1];
      if (below === undefined || above === undefined) distances[index] = Infinity;
      else if (span > 0) distances[index]! += (valueOf(above) - valueOf(below)) / span;
    });
  }
  let least = 1;
  for (let index = 2; index < members.length; index++)
    if (distances[index]! <= distances[least]!) least = index;
  return least;
}
