/** Arguments of a call, checked before anything is started or written. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { EmarsError } from '../errors/error.js';

/** A call with arguments that cannot be served; nothing has been started or written. */
export class RequestError extends EmarsError {
  override readonly name = 'RequestError';
  readonly kind = 'usage';
}

/** Trainer processes of one run, at most. */
export const MOST_TRAINERS = 256;

/** A folder that is read must be there. Errors: RequestError. */
export function requireFolder(path: string, what: string): void {
  if (!existsSync(path))
    throw new RequestError(`expected ${what}, got "${path}", which is not there; check the path`);
  if (!statSync(path).isDirectory())
    throw new RequestError(`expected ${what}, got "${path}", which is a file`);
}

/** A file that is read must be there. Errors: RequestError. */
export function requireFile(path: string, what: string): void {
  if (!existsSync(path))
    throw new RequestError(`expected ${what}, got "${path}", which is not there; check the path`);
  if (statSync(path).isDirectory())
    throw new RequestError(`expected ${what}, got "${path}", which is a folder`);
}

/** Refuses to write into a folder that holds something. Errors: RequestError. */
export function expectNewFolder(path: string): void {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory())
    throw new RequestError(`${path}: expected a new folder, got a file; choose another name`);
  if (readdirSync(path).length > 0)
    throw new RequestError(
      `${path}: expected a new or empty folder, got one with files; choose another name`,
    );
}
