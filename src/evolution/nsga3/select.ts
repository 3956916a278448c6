/**
 * NSGA-III survival: fronts in, survivors out.
 *
 * Source: Deb & Jain 2014 (IEEE TEVC 18(4):577-601), Algorithm 1. Whole fronts survive while they
 * fit; the members of the first that does not are chosen by reference lines.
 */
import type { Generator } from '../../random/generator.js';
import type { Points } from '../objective-values.js';
import { associate } from './associate.js';
import { fillNiches } from './niche.js';
import type { Memory } from './normalise.js';
import { normalise } from './normalise.js';

export interface Survival {
  /** `keep` different row indices, ascending. */
  readonly selected: number[];
  /** What the next selection of a stationary problem should be given. */
  readonly memory: Memory;
}

/**
 * Chooses `keep` (1…n) of the points. `fronts` are those of `nonDominatedSort`, `references` [H][M]
 * the lines. `memory` is for stationary problems only: where the values of one individual drift from
 * selection to selection, remembered points describe a landscape that is gone.
 */
export function nsga3Survivors(
  points: Points,
  fronts: readonly (readonly number[])[],
  keep: number,
  references: readonly (readonly number[])[],
  random: Generator,
  memory?: Memory,
): Survival {
  const whole: number[] = [];
  let last: readonly number[] = [];
  for (const front of fronts) {
    if (whole.length + front.length > keep) {
      last = front;
      break;
    }
    whole.push(...front);
    if (whole.length === keep) break;
  }
  const considered = [...whole, ...last];
  const { points: normalised, memory: remembered } = normalise(points, fronts[0]!, considered, memory);
  const room = keep - whole.length;
  const chosen =
    room === 0
      ? []
      : fillNiches(
          last,
          whole,
          room,
          associate(normalised, considered, references),
          references.length,
          random,
        );
  return { selected: [...whole, ...chosen].sort((a, b) => a - b), memory: remembered };
}
