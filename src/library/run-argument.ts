/** A run folder that is given, checked before anything is opened. */
import { existsSync } from 'node:fs';
import { EmarsError } from '../errors/error.js';
import { runFolder } from '../run/folder.js';
import { requireFolder } from './request.js';

/** There is a folder, but it holds no run. */
export class NotARun extends EmarsError {
  override readonly name = 'NotARun';
  readonly kind = 'data';
}

/** Errors: RequestError without such a folder; NotARun when it holds none. */
export function requireRun(path: string): void {
  requireFolder(path, 'the folder of a run (see runs/)');
  if (!existsSync(runFolder(path).config))
    throw new NotARun(
      `expected the folder of a run, got "${path}", which has no config.yaml; ` +
        `start one with emars search --config FILE --out ${path}`,
    );
}

/** What holds a run that has begun, not a configuration alone. Errors: as {@link requireRun}. */
export function requireBegunRun(path: string): void {
  requireRun(path);
  const { run, journal, snapshots } = runFolder(path);
  if (![run, journal, snapshots].some((part) => existsSync(part)))
    throw new NotARun(
      `expected the folder of a run, got "${path}", which has a config.yaml and nothing else`,
    );
}
