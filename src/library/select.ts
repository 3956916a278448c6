/** The selection of a search as a function, for a search of your own. */
import type { ObjectiveDirection, Selector } from '../config/options.js';
import { answerRequest } from '../evolution/service.js';
import type { SelectionResult, SelectorState } from '../evolution/selector.js';
import { RequestError } from './request.js';

/** Who survives: `values` in, rows out. */
export interface SelectRequest {
  /** [n][M], one row an individual, finite; at most 10,000 rows. */
  readonly values: readonly (readonly number[])[];
  /** [M], the better direction of each column; at most 20. */
  readonly directions: readonly ObjectiveDirection[];
  /** How many survive, 1…n. */
  readonly keep: number;
  /** Default: nsga3. */
  readonly selector?: Selector;
  /** `nsga3`: divisions p of the Das-Dennis set. Default: the smallest with at least `keep` lines. */
  readonly partitions?: number;
  /** `nsga3`: [H][M], directions of your own instead of `partitions`. */
  readonly references?: readonly (readonly number[])[];
  /** Of the draws that break ties. Default 0. */
  readonly seed?: number;
  /** From the answer before, for problems whose values do not move. */
  readonly state?: SelectorState;
  /** `top-accuracy`: the column that counts. Default 0. */
  readonly accuracyIndex?: number;
}

/**
 * Chooses survivors, as a search does after each epoch. Pure: equal requests, equal answers, bit for bit.
 * Errors: RequestError that says which field is wrong.
 *
 * @example
 * ```ts
 * select({ values: [[0.9, 5], [0.8, 2], [0.7, 4]], directions: ['max', 'min'], keep: 2 }).selected; // [0, 1]
 * ```
 */
export function select(request: SelectRequest): SelectionResult {
  const answer = answerRequest(request);
  if (!answer.ok) throw new RequestError(answer.error);
  return answer.output;
}
