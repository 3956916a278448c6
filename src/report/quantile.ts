/**
 * Quantiles by linear interpolation between order statistics (Hyndman & Fan 1996, type 7, the default
 * of NumPy and R), so that a reader who recomputes Fig. 5 gets our numbers.
 */

/** The `q`-quantile (0…1) of a non-empty list of finite numbers, in any order. Errors: RangeError. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('expected at least one value for a quantile, got none');
  if (!(q >= 0 && q <= 1)) throw new RangeError(`expected a quantile from 0 to 1, got ${q}`);
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}
