/**
 * The learning rate of a step: constant, or falling linearly over the run.
 *
 * A straight line rather than a cosine, whose bits ECMAScript does not specify: every replica computes
 * the rate for itself and must get the same number.
 */
export interface LearningRateRule {
  readonly first: number;
  /** Rate after the last step; equal to `first`: constant. */
  readonly last: number;
  /** Steps of the whole run, warm-up included. */
  readonly steps: number;
}

/** The rate of `step`, counted from 0 since the run began. */
export function learningRateAt({ first, last, steps }: LearningRateRule, step: number): number {
  return first + (last - first) * Math.min(1, step / Math.max(1, steps));
}
