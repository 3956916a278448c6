/**
 * The base of every error that the rooms throw on purpose. Its kind says what is at fault, and so what
 * the person or script that meets it can do; `exit-codes.ts` is the one place where it becomes a number.
 *
 * The kind is plain data, not a class: an error that has crossed a thread keeps its name, its message
 * and its plain fields, but no prototype.
 */
export const ERROR_KINDS = [
  /** The request: configuration, command line, arguments of a function. */
  'usage',
  /** The scans, their classes or split; or a run that cannot give what is asked for. */
  'data',
  /** A file of a run is not what was written. */
  'damaged',
  /** The machine: native parts, disk, device, memory; trying again does not help. */
  'environment',
  /** Something that may come back: the broker, a peer, a thread. */
  'unavailable',
  /** The run will not have this worker. */
  'refused',
  /** The user, or the program that calls, asked to stop. */
  'interrupted',
  /** A defect of ours. */
  'internal',
] as const;

/**
 * What is at fault.
 * @useDeclaredType
 */
export type ErrorKind = (typeof ERROR_KINDS)[number];

export abstract class EmarsError extends Error {
  abstract readonly kind: ErrorKind;
}

/** The kind of anything thrown; null where it is none of ours. */
export function kindOf(error: unknown): ErrorKind | null {
  if (!(error instanceof Error) || !('kind' in error)) return null;
  return ERROR_KINDS.find((kind) => kind === error.kind) ?? null;
}
