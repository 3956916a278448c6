/**
 * What can be wrong with a configuration, and the one error that carries all of it. A person who has
 * made three mistakes is told all three at once, each in one line with place, path, expectation and
 * remedy (reliability matrix, F1).
 */
import { EmarsError } from '../errors/error.js';
import { distance } from 'fastest-levenshtein';

export interface Problem {
  /** Where it was written: `file.yaml:12:3`, `--set`, `command line`, or `defaults`. */
  readonly where: string;
  /** Full path of the key, as `training.batch` or `objectives[1].direction`; empty for a whole file. */
  readonly path: string;
  readonly expected: string;
  readonly got: string;
  readonly remedy: string;
}

/** One line for a person. */
export function describeProblem({ where, path, expected, got, remedy }: Problem): string {
  const place = path === '' ? where : `${where}: ${path}`;
  return `${place}: expected ${expected}, got ${got}${remedy === '' ? '' : `; ${remedy}`}`;
}

/** Lines of one message: more is not read, and a file that is no configuration has thousands. */
const MOST_LINES = 50;

/** Thrown by `loadOptions`, with every problem found; its message has one line a problem, 50 at most. */
export class ConfigError extends EmarsError {
  override readonly name = 'ConfigError';
  readonly kind = 'usage';

  constructor(readonly problems: readonly Problem[]) {
    const lines = problems.slice(0, MOST_LINES).map(describeProblem);
    const more = problems.length - lines.length;
    super([...lines, ...(more > 0 ? [`and ${more} problems more`] : [])].join('\n'));
  }
}

/** Longest text of a foreign value that is shown. */
const SHOWN = 60;

/** A value as it is shown in a message: short JSON, one line. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? String(part) : part,
  ) as string | undefined;
  if (text === undefined) return typeof value;
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

const lastName = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/**
 * The known path nearest to an unknown one by edit distance. A key put in the wrong section is found
 * by its own name: `trainnig.batch` and `batch` both lead to `training.batch`. Ties: the first known.
 */
export function nearestPath(unknown: string, known: readonly string[]): string {
  let best = known[0] ?? '';
  let least = Infinity;
  for (const path of known) {
    const whole = distance(unknown.toLowerCase(), path.toLowerCase());
    // The last name weighs more than the section it was looked for in.
    const named = distance(lastName(unknown).toLowerCase(), lastName(path).toLowerCase()) * 1.5 + 0.6;
    const score = Math.min(whole, named);
    if (score < least) {
      least = score;
      best = path;
    }
  }
  return best;
}
