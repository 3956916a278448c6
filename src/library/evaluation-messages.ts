/** What the process of an evaluation is told, and what it says. */
import type { ErrorKind } from '../errors/error.js';
import { kindOf } from '../errors/error.js';
import type { ScanEvaluation } from './evaluate-scans.js';

/** Parent → process, once. Paths are absolute. */
export interface EvaluationTask {
  readonly run: string;
  readonly data: string;
  /** First digits of an individual's id; null: the best. */
  readonly id: string | null;
}

/** Process → parent. `evaluated` or `failed` is the last one. */
export type EvaluationMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'evaluated'; readonly evaluation: ScanEvaluation }
  | { readonly kind: 'failed'; readonly error: CarriedError };

/** An error between processes: what a class has beyond these stays behind. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  /** Null for an error that is none of ours. */
  readonly kind: ErrorKind | null;
}

export function carryError(error: unknown): CarriedError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message, kind: kindOf(error) };
}

/** On the other side: an Error with the name and the kind it had. */
export function carriedError({ name, message, kind }: CarriedError): Error {
  return Object.assign(new Error(message), { name }, kind === null ? {} : { kind });
}
