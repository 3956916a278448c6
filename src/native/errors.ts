/** What is said when a native part cannot be had: which sources were tried, why each failed, what to do. */
import { EmarsError } from '../errors/error.js';
import { textOf } from '../errors/text.js';

/** One source that was tried and did not work. */
export interface Attempt {
  /** Where the part was looked for, in words a reader knows ("the PyPI wheel tensorflow-cpu 2.21.0"). */
  readonly source: string;
  /** Why it failed, one line. */
  readonly reason: string;
}

/**
 * A native part of the environment is missing or unusable. The command line ends with exit code 4.
 * The message is one line: what is missing, each source with its reason, and the remedy.
 */
export class NativePartError extends EmarsError {
  readonly kind = 'environment';

  constructor(
    /** The part: "TensorFlow", "the TensorFlow binding", "nats-server", "the cache". */
    readonly part: string,
    /** In the order in which they were tried; may be empty. */
    readonly attempts: readonly Attempt[],
    /** What the reader should install, set or run. */
    readonly remedy: string,
  ) {
    const tried = attempts.map(({ source, reason }) => `${source}: ${oneLine(reason)}`).join('; ');
    super(`${part} is not available.${tried === '' ? '' : ` Tried ${tried}.`} ${remedy}`);
    this.name = 'NativePartError';
  }
}

/** The reason of any thrown thing, as one line of at most 400 characters. */
export function reasonOf(error: unknown): string {
  const text = textOf(error);
  return oneLine(text);
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' | ');
  return (line.length > 400 ? `${line.slice(0, 399)}…` : line).replace(/\.$/, '');
}
