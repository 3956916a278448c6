/**
 * The one error of reading a run folder: which file, and what is wrong with it.
 */
export class RunFolderError extends Error {
  override readonly name = 'RunFolderError';

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
