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

export interface SurvivalOf {
  readonly points: Points;
  /** As `nonDominatedSort` gives them. */
  readonly fronts: readonly (readonly number[])[];
  /** How many survive, 1…n. */
  readonly keep: number;
  /** [H][M], the reference lines. */
  readonly references: readonly (readonly number[])[];
  /**
   * For stationary problems only: where the values of one individual drift from selection to selection,
   * remembered points describe a landscape that is gone.
   */
  readonly memory?: Memory | undefined;
}

/** Chooses `keep` of the points. */
export function nsga3Survivors(of: SurvivalOf, random: Generator): Survival {
  const { points, fronts, keep, references, memory } = of;
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
  if (room === 0) return { selected: whole.sort((a, b) => a - b), memory: remembered };
  const association = associate(normalised, considered, references);
  const chosen = fillNiches(
    { lastFront: last, survivors: whole, room, association, lines: references.length },
    random,
  );
  return { selected: [...whole, ...chosen].sort((a, b) => a - b), memory: remembered };
}
