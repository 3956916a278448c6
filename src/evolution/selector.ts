/**
 * The one door to selection: values in, survivors out, whichever selector is asked for.
 *
 * Pure: the caller brings the generator. With the same request and a generator of the same key the
 * answer is the same, bit for bit, on every machine: comparisons, + - * / and square roots only.
 */
import type { Generator } from '../random/generator.js';
import { mergedFronts, mergedFrontsSurvivors } from './merged-fronts.js';
import { nsga2Survivors } from './nsga2.js';
import { nonDominatedSort } from './nsga3/non-dominated-sort.js';
import type { Memory } from './nsga3/normalise.js';
import { dasDennis, MAX_LINES, smallestPartitions } from './nsga3/reference-directions.js';
import { nsga3Survivors } from './nsga3/select.js';
import type { Direction, Points } from './objective-values.js';
import { MAX_MAGNITUDE, SelectionRequestError, toMinimise, turned } from './objective-values.js';
import { randomSubset } from './random-selection.js';
import { topSurvivors } from './top-accuracy.js';

export type { Direction } from './objective-values.js';
export { ObjectiveValueError, SelectionRequestError } from './objective-values.js';

export const SELECTOR_NAMES = ['nsga3', 'merged-fronts', 'nsga2', 'random', 'top-accuracy'] as const;
export type SelectorName = (typeof SELECTOR_NAMES)[number];

/**
 * What a stationary problem carries from selection to selection; part of a checkpoint, plain data.
 * Values are in the directions of the request. Only `nsga3` fills the first three; they are empty
 * for the other selectors.
 */
export interface SelectorState {
  /** [M], the best value of each objective seen so far. */
  readonly ideal: readonly number[];
  /** [M], the worst value of each objective seen so far. */
  readonly worst: readonly number[];
  /** [M][M], row k: the point nearest to axis k seen so far. */
  readonly extremes: readonly (readonly number[])[];
  /** How many selections have been made: key the next generator with it. */
  readonly rngCounter: number;
}

export interface SelectionRequest {
  /** [n][M], one row an individual. */
  readonly values: readonly (readonly number[])[];
  /** [M]. */
  readonly directions: readonly Direction[];
  /** How many survive, 1…n. */
  readonly keep: number;
  readonly selector: SelectorName;
  /** `nsga3`: [H][M], coordinates of at least 0, not all 0 in a row. Instead of `partitions`. */
  readonly references?: readonly (readonly number[])[];
  /** `nsga3`: divisions p of the Das-Dennis set. Default: the smallest with at least `keep` lines. */
  readonly partitions?: number;
  readonly random: Generator;
  /**
   * From the previous answer, for stationary problems. Leave it out where the values of one
   * individual drift (a search with shared weights): then only these values count.
   */
  readonly state?: SelectorState;
  /** `top-accuracy`: the column that counts. Default 0. */
  readonly accuracyIndex?: number;
}

export interface SelectionResult {
  /** `keep` different row indices, ascending. */
  readonly selected: number[];
  /** All rows in fronts, best first, ascending within; those of the selector for `merged-fronts`. */
  readonly fronts: number[][];
  readonly state: SelectorState;
}

/** Answers a request. Errors: ObjectiveValueError, SelectionRequestError. Changes none of its arguments. */
export function selectSurvivors(request: SelectionRequest): SelectionResult {
  const points = toMinimise(request.values, request.directions);
  const { keep, random, state } = request;
  if (!Number.isInteger(keep) || keep < 1 || keep > points.count)
    throw new SelectionRequestError(
      'keep',
      `expected an integer from 1 to ${points.count}, the number of rows, got ${keep}`,
    );
  checkState(state, points.dimensions);
  const unnormalised: SelectorState = {
    ideal: [],
    worst: [],
    extremes: [],
    rngCounter: (state?.rngCounter ?? 0) + 1,
  };

  switch (request.selector) {
    case 'nsga3': {
      const fronts = nonDominatedSort(points);
      const references = referencesFor(request, points);
      const earlier = memoryOf(state, request.directions);
      const { selected, memory } = nsga3Survivors(
        { points, fronts, keep, references, memory: earlier },
        random,
      );
      return {
        selected,
        fronts,
        state: { ...inDirections(memory, request.directions), rngCounter: unnormalised.rngCounter },
      };
    }
    case 'merged-fronts': {
      const fronts = mergedFronts(points);
      return { selected: mergedFrontsSurvivors(fronts, keep, random), fronts, state: unnormalised };
    }
    case 'nsga2': {
      const fronts = nonDominatedSort(points);
      return { selected: nsga2Survivors(points, fronts, keep), fronts, state: unnormalised };
    }
    case 'random':
      return {
        selected: randomSubset(
          request.values.map((_, i) => i),
          keep,
          random,
        ),
        fronts: nonDominatedSort(points),
        state: unnormalised,
      };
    case 'top-accuracy': {
      const column = request.accuracyIndex ?? 0;
      if (!Number.isInteger(column) || column < 0 || column >= points.dimensions)
        throw new SelectionRequestError(
          'accuracyIndex',
          `expected a column from 0 to ${points.dimensions - 1}, got ${column}`,
        );
      return {
        selected: topSurvivors(points, column, keep),
        fronts: nonDominatedSort(points),
        state: unnormalised,
      };
    }
  }
}

/** Ascending indices of the rows that no other row dominates. Errors as `selectSurvivors`. */
export function nonDominated(
  values: readonly (readonly number[])[],
  directions: readonly Direction[],
): number[] {
  return nonDominatedSort(toMinimise(values, directions))[0]!;
}

function referencesFor(request: SelectionRequest, points: Points): readonly (readonly number[])[] {
  const { references, partitions } = request;
  if (references === undefined)
    return dasDennis(points.dimensions, partitions ?? smallestPartitions(points.dimensions, request.keep));
  if (partitions !== undefined)
    throw new SelectionRequestError('references', 'expected references or partitions, got both');
  if (references.length < 1 || references.length > MAX_LINES)
    throw new SelectionRequestError(
      'references',
      `expected 1 to ${MAX_LINES} rows, got ${references.length}`,
    );
  references.forEach((row, h) => {
    if (row.length !== points.dimensions)
      throw new SelectionRequestError(
        'references',
        `expected ${points.dimensions} numbers in row ${h}, one for each direction, got ${row.length}`,
      );
    // Bounded on both sides, so that squares neither vanish nor overflow.
    if (
      !row.every((coordinate) => coordinate === 0 || (coordinate >= 1e-100 && coordinate <= 1e100)) ||
      row.every((coordinate) => coordinate === 0)
    )
      throw new SelectionRequestError(
        'references',
        `expected numbers that are 0 or from 1e-100 to 1e100, not all 0, in row ${h}, got [${row.join(', ')}]`,
      );
  });
  return references;
}

function checkState(state: SelectorState | undefined, dimensions: number): void {
  if (state === undefined) return;
  const { ideal, worst, extremes, rngCounter } = state;
  if (!Number.isSafeInteger(rngCounter) || rngCounter < 0)
    throw new SelectionRequestError(
      'state.rngCounter',
      `expected an integer of at least 0, got ${rngCounter}`,
    );
  if (ideal.length === 0 && worst.length === 0 && extremes.length === 0) return;
  const shaped = (row: readonly number[]): boolean =>
    row.length === dimensions && row.every((value) => Math.abs(value) <= MAX_MAGNITUDE);
  if (!shaped(ideal) || !shaped(worst) || extremes.length !== dimensions || !extremes.every(shaped))
    throw new SelectionRequestError(
      'state',
      `expected ideal [M], worst [M] and extremes [M][M] of finite numbers for M = ${dimensions} objectives; ` +
        'a state belongs to the objectives it was made with',
    );
}

function memoryOf(state: SelectorState | undefined, directions: readonly Direction[]): Memory | undefined {
  return state === undefined || state.ideal.length === 0 ? undefined : inDirections(state, directions);
}

/** From the caller's directions to minimised values, or back: the same turn. */
function inDirections(memory: Memory, directions: readonly Direction[]): Memory {
  const turn = (row: readonly number[]): number[] => row.map((value, j) => turned(value, directions[j]!));
  return { ideal: turn(memory.ideal), worst: turn(memory.worst), extremes: memory.extremes.map(turn) };
}
