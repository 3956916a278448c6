/**
 * The learning rate of a step: constant, or falling over the run in a straight line or half a cosine
 * (Loshchilov & Hutter 2017, Eq. 5, without restarts).
 *
 * Every replica computes the rate for itself and must get the same number, but ECMAScript does not specify
 * the bits of a cosine: ours is a polynomial, which needs only operations whose bits IEEE 754 does.
 */
export interface LearningRateRule {
  readonly first: number;
  /** Rate after the last step; equal to `first`: constant. */
  readonly last: number;
  readonly shape: 'linear' | 'cosine';
  /** Steps of the whole run, warm-up included. */
  readonly steps: number;
}

/** The rate of `step`, counted from 0 since the run began. */
export function learningRateAt({ first, last, shape, steps }: LearningRateRule, step: number): number {
  const share = Math.min(1, step / Math.max(1, steps));
  return first + (last - first) * (shape === 'linear' ? share : raisedCosine(share));
}

/** (1 - cos(pi x)) / 2 for x in [0, 1], to 1e-9: (1 + sin(pi (x - 1/2))) / 2 by the series of the sine. */
function raisedCosine(x: number): number {
  const angle = Math.PI * (x - 0.5);
  const square = angle * angle;
  let term = angle;
  let sine = angle;
  for (let n = 2; n <= 14; n += 2) {
    term = (-term * square) / (n * (n + 1));
    sine += term;
  }
  return Math.min(1, Math.max(0, (1 + sine) / 2));
}
