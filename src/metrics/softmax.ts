/**
 * Logits to probabilities, with a temperature: softmax(logits / T) (Guo et al. 2017, "On calibration of
 * modern neural networks", Eq. 9). In double precision, shifted by the largest logit of a row.
 */

/** Checks the shape of a table of logits. Errors: RangeError. */
export function checkLogits(logits: ArrayLike<number>, classes: number): void {
  if (!Number.isInteger(classes) || classes < 2)
    throw new RangeError(`expected a whole number of classes from 2, got ${classes}`);
  if (logits.length % classes !== 0)
    throw new RangeError(`expected logits in rows of ${classes}, got ${logits.length} values`);
  for (let i = 0; i < logits.length; i++)
    if (!Number.isFinite(logits[i]!)) throw new RangeError(`expected finite logits, got ${logits[i]!}`);
}

/**
 * Probabilities `[scans][classes]` of logits `[scans][classes]`, row-major; a new array of the caller.
 * `temperature` > 0: above 1 softens, below 1 sharpens, 1 leaves softmax as it is. Errors: RangeError.
 */
export function probabilitiesOf(logits: ArrayLike<number>, classes: number, temperature = 1): Float64Array {
  checkLogits(logits, classes);
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new RangeError(`expected a temperature above 0, got ${temperature}`);
  const probabilities = new Float64Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    let largest = -Infinity;
    for (let i = row; i < row + classes; i++) largest = Math.max(largest, logits[i]!);
    let sum = 0;
    for (let i = row; i < row + classes; i++) {
      probabilities[i] = Math.exp((logits[i]! - largest) / temperature);
      sum += probabilities[i]!;
    }
    for (let i = row; i < row + classes; i++) probabilities[i] = probabilities[i]! / sum;
  }
  return probabilities;
}
