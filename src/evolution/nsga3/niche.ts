/**
 * Niching: which members of the last front survive, so that thinly held lines are filled first.
 *
 * Source: Deb & Jain 2014, section IV-E, Algorithm 4, one line a step as printed there. (Well-known
 * implementations handle all lines of the least count at once; the counts seen then differ.)
 *
 * Chance is drawn as follows, so that neither the order of the individuals nor that of the
 * objectives matters where there are no ties: one permutation of the lines decides between lines of
 * equal count, which is as random as a fresh draw a step, because a line that was served rises above
 * those it was tied with; a random member is drawn by its rank of distance, not by its index.
 */
import type { Generator } from '../../random/generator.js';
import type { Association } from './associate.js';

export interface Niching {
  /** Rows of the front that does not fit. */
  readonly lastFront: readonly number[];
  /** Rows of the earlier fronts: only they count as holding a line at the start. */
  readonly survivors: readonly number[];
  /** How many of the last front survive; it has at least so many members. */
  readonly room: number;
  readonly association: Association;
  /** H, the number of reference lines. */
  readonly lines: number;
}

/** The `room` members of the last front that survive, in the order in which they are chosen. */
export function fillNiches(
  { lastFront, survivors, room, association, lines }: Niching,
  random: Generator,
): number[] {
  const { line, distance } = association;
  const held = new Int32Array(lines);
  for (const row of survivors) held[line[row]!]!++;

  const waiting = new Map<number, number[]>();
  for (const row of lastFront) {
    const members = waiting.get(line[row]!);
    if (members === undefined) waiting.set(line[row]!, [row]);
    else members.push(row);
  }
  for (const members of waiting.values()) members.sort((a, b) => distance[a]! - distance[b]! || a - b);

  // Lines without a candidate are the ones the paper drops "for the current generation".
  const open = random.permutation(lines).filter((candidate) => waiting.has(candidate));
  const chosen: number[] = [];
  while (chosen.length < room) {
    let thinnest = 0;
    for (let k = 1; k < open.length; k++) if (held[open[k]!]! < held[open[thinnest]!]!) thinnest = k;
    const next = open[thinnest]!;
    const members = waiting.get(next)!;
    const at = held[next] === 0 ? 0 : random.integer(members.length);
    chosen.push(...members.splice(at, 1));
    held[next]!++;
    if (members.length === 0) open.splice(thinnest, 1);
  }
  return chosen;
}
