/**
 * Objective values at the door of selection: checked once, turned so that smaller is better, and
 * packed in one flat array for the numeric loops behind it.
 *
 * A NaN that reaches a dominance comparison makes everything non-dominated without a word, so it is
 * refused here with its place; it is never ranked "worst".
 */
import { EmarsError } from '../errors/error.js';

export type Direction = 'max' | 'min';

/**
 * n points in M dimensions, row after row; point i is `data[i * dimensions + j]`. Smaller is better. Read
 * only.
 */
export interface Points {
  readonly count: number;
  readonly dimensions: number;
  readonly data: Float64Array;
}

/** Largest magnitude of a value: squares of differences then stay far from overflow. */
export const MAX_MAGNITUDE = 1e150;

/** A value of the matrix is not a usable number. `row` is the individual, `column` the objective, from 0. */
export class ObjectiveValueError extends EmarsError {
  override readonly name = 'ObjectiveValueError';
  readonly kind = 'data';
  constructor(
    readonly row: number,
    readonly column: number,
    readonly value: unknown,
  ) {
    super(
      `objective value at row ${row}, column ${column}: expected a finite number of magnitude at most ` +
        `${MAX_MAGNITUDE}, got ${String(value)}; mark the individual as failed and leave it out of the selection`,
    );
  }
}

/** A request for a selection that cannot be answered. `field` names the part of the request that is wrong. */
export class SelectionRequestError extends EmarsError {
  override readonly name = 'SelectionRequestError';
  readonly kind = 'usage';
  constructor(
    readonly field: string,
    problem: string,
  ) {
    super(`${field}: ${problem}`);
  }
}

/**
 * Checks `values` [n][M] against `directions` [M] and returns them as points to minimise: columns
 * with direction `max` change their sign. n and M are at least 1.
 * Errors: SelectionRequestError for a wrong shape, ObjectiveValueError for a wrong number.
 */
export function toMinimise(values: readonly (readonly number[])[], directions: readonly Direction[]): Points {
  const dimensions = directions.length;
  if (dimensions === 0)
    throw new SelectionRequestError('directions', 'expected at least one objective, got none');
  if (values.length === 0) throw new SelectionRequestError('values', 'expected at least one row, got none');
  const data = new Float64Array(values.length * dimensions);
  values.forEach((row, i) => {
    if (row.length !== dimensions)
      throw new SelectionRequestError(
        'values',
        `expected ${dimensions} numbers in row ${i}, one for each direction, got ${row.length}`,
      );
    for (let j = 0; j < dimensions; j++) {
      const value: unknown = row[j];
      // The comparison is written so that NaN fails it.
      if (typeof value !== 'number' || !(Math.abs(value) <= MAX_MAGNITUDE))
        throw new ObjectiveValueError(i, j, value);
      data[i * dimensions + j] = turned(value, directions[j]!);
    }
  });
  return { count: values.length, dimensions, data };
}

/** A value as something to minimise; its own inverse. 0 - x, because -x would turn 0 into -0. */
export function turned(value: number, direction: Direction): number {
  return direction === 'max' ? 0 - value : value + 0;
}
