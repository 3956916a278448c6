/**
 * Shape checks that say what was expected and what came, and shapes as tensors.
 */
import { EmarsError } from '../errors/error.js';
import type { Tensor } from './backend.js';
import { tensorflow } from './backend.js';

/** A tensor of the wrong shape was given to an operation. */
export class ShapeError extends EmarsError {
  override readonly name = 'ShapeError';
  readonly kind = 'internal';
  constructor(
    readonly operation: string,
    readonly expected: string,
    readonly got: readonly number[],
  ) {
    super(`${operation}: expected ${expected}, got [${got.join(', ')}]`);
  }
}

/**
 * Checks a shape against a pattern: a number must match, a name matches any extent.
 * Errors: ShapeError.
 */
export function expectShape(operation: string, tensor: Tensor, pattern: readonly (number | string)[]): void {
  const { shape } = tensor;
  const matches =
    shape.length === pattern.length &&
    pattern.every((extent, axis) => typeof extent === 'string' || extent === shape[axis]);
  if (!matches) throw new ShapeError(operation, `a tensor [${pattern.join(', ')}]`, shape);
}

/**
 * Number of scans in a depth-major tensor `[depth·batch, …]`. Errors: ShapeError where depth does not
 * divide the rows.
 */
export function batchOf(operation: string, rows: readonly number[], depth: number): number {
  const batch = rows[0]! / depth;
  if (!Number.isInteger(depth) || depth < 1 || !Number.isInteger(batch) || batch < 1)
    throw new ShapeError(operation, `rows that are a multiple of the depth ${depth}`, rows);
  return batch;
}

/** More distinct shapes than one network at a few sizes ever needs; past it the cache starts again. */
const CACHED_VECTORS = 4096;
const vectors = new Map<string, Tensor>();

/**
 * Whole numbers as an int32 tensor, an argument of operations that take shapes. Cached, because making
 * one costs as much as a small operation. The cache owns it: never dispose of it.
 */
export function intVector(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  const key = `${shape.join('x')}:${values.join(',')}`;
  const cached = vectors.get(key);
  if (cached !== undefined) return cached;
  if (vectors.size >= CACHED_VECTORS) {
    for (const old of vectors.values()) old.dispose();
    vectors.clear();
  }
  const tf = tensorflow();
  const made = tf.keep(tf.tensor([...values], [...shape], 'int32'));
  vectors.set(key, made);
  return made;
}
