/** A run folder given on the command line, checked before anything is opened. */
import { EmarsError } from '../errors/error.js';
import { existsSync } from 'node:fs';
import { runFolder } from '../run/folder.js';
import { requireFolder } from './arguments.js';

/** There is a folder, but it holds no run. */
export class NotARun extends EmarsError {
  override readonly name = 'NotARun';
  readonly kind = 'data';
}

/** Errors: UsageError without such a folder; NotARun when it holds none. */
export function requireRun(path: string): void {
  requireFolder(path, 'the folder of a run (see runs/)');
  if (!existsSync(runFolder(path).config))
    throw new NotARun(
      `expected the folder of a run, got "${path}", which has no config.yaml; start one with emars search --config FILE --out ${path}`,
    );
}
