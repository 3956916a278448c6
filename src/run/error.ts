/**
 * The one error of reading a run folder: which file, and what is wrong with it.
 */
import { EmarsError } from '../errors/error.js';

export class RunFolderError extends EmarsError {
  override readonly name = 'RunFolderError';
  readonly kind = 'damaged';

  /**
   * @param path the file (or the folder) that cannot be used
   * @param reason what was expected, what came, and what to do
   */
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${path}: ${reason}`);
  }
}
