/**
 * Class activation maps (Zhou et al. 2016, "Learning deep features for discriminative localization", Eq. 2):
 * with global average pooling before a linear classifier, the logit of class c is the mean over positions of
 * M_c(x) = Σ_k w_kc · f_k(x), plus the bias. M_c says how much each position speaks for the class.
 */

/** The last feature map of one scan: `values` `[depth][height][width][channels]`. */
export interface Features {
  readonly shape: readonly [depth: number, height: number, width: number, channels: number];
  readonly values: Float32Array;
}

/** One number a position: `values` `[depth][height][width]`. */
export interface Volume {
  readonly shape: readonly [depth: number, height: number, width: number];
  readonly values: Float32Array;
}

/**
 * The map of class `column`, in units of logits. `weight` `[channels][classes]` is the classifier's.
 * Errors: RangeError where shapes do not fit.
 */
export function classActivationMap(features: Features, weight: Float32Array, column: number): Volume {
  const [depth, height, width, channels] = features.shape;
  const positions = depth * height * width;
  if (features.values.length !== positions * channels)
    throw new RangeError(
      `expected ${positions * channels} features for [${features.shape.join(', ')}], got ${features.values.length}`,
    );
  const classes = weight.length / channels;
  if (!Number.isInteger(classes))
    throw new RangeError(`expected classifier weights in rows of ${channels}, got ${weight.length}`);
  if (!Number.isInteger(column) || column < 0 || column >= classes)
    throw new RangeError(`expected a class from 0 to ${classes - 1}, got ${column}`);
  const values = new Float32Array(positions);
  for (let position = 0; position < positions; position++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++)
      sum += weight[channel * classes + column]! * features.values[position * channels + channel]!;
    values[position] = sum;
  }
  return { shape: [depth, height, width], values };
}

/**
 * Classifier weights `[channels][classes]` less their mean over the classes. Softmax sees only differences
 * between logits: what all classes have in common, such as what is left of the first random weights, says
 * nothing of any of them and would only cover the map. A new array.
 */
export function contrasted(weight: Float32Array, classes: number): Float32Array {
  if (!Number.isInteger(weight.length / classes))
    throw new RangeError(`expected classifier weights in rows of ${classes}, got ${weight.length}`);
  const differences = new Float32Array(weight.length);
  for (let row = 0; row < weight.length; row += classes) {
    let sum = 0;
    for (let column = 0; column < classes; column++) sum += weight[row + column]!;
    for (let column = 0; column < classes; column++)
      differences[row + column] = weight[row + column]! - sum / classes;
  }
  return differences;
}

/**
 * By how much each position speaks for the class more than the scan does in the mean; 0 for less. A level that
 * all positions share says, like the bias, that the class is there, not where. Positions of exactly 0, which the
 * network did not see, are left out of the mean. A new array.
 */
function excess(values: Float32Array): Float32Array {
  let [sum, seen] = [0, 0];
  for (const value of values) {
    sum += value;
    if (value !== 0) seen++;
  }
  const level = Math.max(0, sum / Math.max(1, seen));
  return values.map((value) => Math.max(0, value - level));
}

/**
 * The evidence for the class in [0, 1]: above the mean of the scan, the largest scaled to 1. All 0 where nothing
 * speaks for the class.
 */
export function evidence({ shape, values }: Volume): Volume {
  const above = excess(values);
  const largest = above.reduce((held, value) => Math.max(held, value), 0);
  return { shape, values: above.map((value) => (largest === 0 ? 0 : value / largest)) };
}

/** Mean of each slice along the depth, `[depth]`: how much each slice speaks for the class. */
export function sliceScores({ shape, values }: Volume): Float64Array {
  const [depth, height, width] = shape;
  const plane = height * width;
  return Float64Array.from({ length: depth }, (_, slice) => {
    let sum = 0;
    for (let i = slice * plane; i < (slice + 1) * plane; i++) sum += values[i]!;
    return sum / plane;
  });
}

/** Position of the largest value, the first of equals: the point of the pointing game (Zhang et al. 2018). */
export function peak({ shape, values }: Volume): readonly [depth: number, height: number, width: number] {
  const [, height, width] = shape;
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return [Math.floor(best / (height * width)), Math.floor(best / width) % height, best % width];
}

/** Share of the evidence that lies where `mask` is not 0; null where nothing speaks for the class. */
export function massInside({ values }: Volume, mask: ArrayLike<number>): number | null {
  if (mask.length !== values.length)
    throw new RangeError(`expected a mask of ${values.length} voxels, got ${mask.length}`);
  let inside = 0;
  let total = 0;
  excess(values).forEach((value, i) => {
    total += value;
    if (mask[i] !== 0) inside += value;
  });
  return total === 0 ? null : inside / total;
}
