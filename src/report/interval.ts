/**
 * How sure an accuracy is: the interval of Wilson (1927, J. Am. Stat. Assoc. 22:209) for a share, with two
 * sides of 2.5 % each. It takes scans for independent; several of one patient make it too narrow.
 */
const Z = 1.959963984540054;

/**
 * The 95 % interval of `correct` of `total`, both ends in 0…1. Errors: RangeError unless 0 ≤ correct ≤
 * total, 0 < total.
 */
export function wilsonInterval(correct: number, total: number): readonly [low: number, high: number] {
  if (!(total > 0 && correct >= 0 && correct <= total))
    throw new RangeError(`expected 0 to n of n > 0, got ${correct} of ${total}`);
  const share = correct / total;
  const square = Z * Z;
  const middle = (share + square / (2 * total)) / (1 + square / total);
  const half =
    (Z / (1 + square / total)) * Math.sqrt((share * (1 - share)) / total + square / (4 * total * total));
  // At the ends of the scale the formula gives 0 and 1, but for rounding.
  return [correct === 0 ? 0 : middle - half, correct === total ? 1 : middle + half];
}
