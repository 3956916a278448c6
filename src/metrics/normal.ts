/**
 * The upper tail of the standard normal distribution, for p-values.
 *
 * 1 - Φ(x) = erfc(x / √2) / 2; for small x from the Taylor series of erf, for large x from its continued
 * fraction (Abramowitz & Stegun 1964, 7.1.6 and 7.1.14), evaluated backwards. Relative error below 1e-12.
 */

/** Where series and continued fraction meet: both are good to full precision around it. */
const BORDER = 2.5;
const FRACTION_TERMS = 200;

/** P(Z > x) for a standard normal Z; in [0, 1]. */
export function normalUpperTail(x: number): number {
  if (x < 0) return 1 - normalUpperTail(-x);
  return x < BORDER ? 0.5 - seriesFromZero(x) : tailFraction(x);
}

/** Φ(x) - 1/2 = φ(x) (x + x³/3 + x⁵/(3·5) + …). */
function seriesFromZero(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return sum * density(x);
}

/** φ(x) / (x + 1/(x + 2/(x + 3/(x + …)))). */
function tailFraction(x: number): number {
  let denominator = x;
  for (let k = FRACTION_TERMS; k >= 1; k--) denominator = x + k / denominator;
  return density(x) / denominator;
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}
