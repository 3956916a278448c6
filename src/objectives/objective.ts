/**
 * The interface of an objective: a named measurement of an individual (spec section 6).
 *
 * What it needs decides who measures: `genome` and `history` beside the evolution actor in a thread
 * of their own, `weights` in an evaluator. A measurement that cannot be made throws; the individual is
 * then marked failed with the reason, and never gets a default score.
 */
import { inspect } from 'node:util';
import type { ValidationSubject } from '../training/validate.js';
import type { Genome } from '../space/genome.js';
import type { InputSize } from '../space/cost.js';
import type { SearchSpace } from '../space/space.js';

export interface Measured {
  readonly value: number;
  /** False where the value stands for one that does not exist yet. */
  readonly defined?: boolean;
  /** `[classes][classes]`, flat, true class by row. */
  readonly confusion?: readonly number[];
}

/** Of what was returned, enough to see what it is. */
const SHORT = { depth: 1, maxArrayLength: 4, maxStringLength: 60, breakLength: Infinity };
/** Beyond this magnitude the selection cannot square distances any more. */
const MOST = 1e150;

/**
 * What an objective returned, checked: modules of users return what they like. Errors: RangeError for
 * anything but a number the selection can use; never a default in its place.
 */
export function checkedMeasurement(name: string, measured: unknown): Measured {
  const value =
    typeof measured === 'object' && measured !== null ? (measured as { value?: unknown }).value : undefined;
  if (typeof value !== 'number' || !(Math.abs(value) <= MOST))
    throw new RangeError(
      `expected the objective "${name}" to return { value } with a finite number, got ${inspect(measured, SHORT)}`,
    );
  return measured as Measured;
}

export interface GenomeSubject {
  readonly space: SearchSpace;
  readonly genome: Genome;
  readonly input: InputSize;
}

export interface HistorySubject {
  /** (epoch, validation accuracy), ascending. */
  readonly history: readonly (readonly [number, number])[];
}

export type WeightsSubject = ValidationSubject;

/** A named measurement of what `Needs` says. */
export interface MeasuredBy<Needs extends string, Subject> {
  readonly name: string;
  readonly unit: string;
  /** Direction unless the configuration says otherwise. */
  readonly direction: 'max' | 'min';
  readonly needs: Needs;
  readonly measure: (subject: Subject) => Measured;
}

export type GenomeObjective = MeasuredBy<'genome', GenomeSubject>;
export type HistoryObjective = MeasuredBy<'history', HistorySubject>;
export type WeightsObjective = MeasuredBy<'weights', WeightsSubject>;
export type Objective = GenomeObjective | HistoryObjective | WeightsObjective;
