/** What can be wrong with data, as classes with fields; the command line turns them into exit code 3. */
import { EmarsError } from '../errors/error.js';
import { textOf } from '../errors/text.js';

/** A path (relative to the data folder where there is one) and what is wrong there. */
export interface ScanProblem {
  readonly path: string;
  readonly reason: string;
}

/** Longest text of a file that is quoted. */
const QUOTED = 300;

/** Text that may quote a file, as a person reads it: on one line, without control characters, cut. */
export function quoted(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return line.length > QUOTED ? `${line.slice(0, QUOTED)}…` : line;
}

/** One scan or file that cannot be read. */
export class ScanError extends EmarsError {
  override readonly name = 'ScanError';
  readonly kind = 'data';
  readonly reason: string;
  constructor(
    readonly path: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    const line = quoted(reason);
    super(`${path}: ${line}`, options);
    this.reason = line;
  }
}

/** A data folder that cannot be used at all. */
export class CatalogueError extends EmarsError {
  override readonly name = 'CatalogueError';
  readonly kind = 'data';
  constructor(
    readonly root: string,
    readonly reason: string,
  ) {
    super(`${root}: ${reason}`);
  }
}

/** All scans that could not be read, at once. */
export class BadScansError extends EmarsError {
  override readonly name = 'BadScansError';
  readonly kind = 'data';
  constructor(
    readonly bad: readonly ScanProblem[],
    readonly total: number,
  ) {
    const shown = bad.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`);
    const more = bad.length > shown.length ? `; and ${bad.length - shown.length} more` : '';
    super(
      `${bad.length} of ${total} scans cannot be read: ${shown.join('; ')}${more} ` +
        '(data.onBadScan=skip leaves them out)',
    );
  }
}

/** The reason of anything thrown, on one line. */
export function reasonOf(error: unknown): string {
  if (error instanceof ScanError) return error.reason;
  const text = textOf(error);
  return text
    .replace(/\s*\n\s*/g, '; ')
    .trim()
    .slice(0, 300);
}
