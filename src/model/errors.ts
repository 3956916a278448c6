/** A model cannot be read, or is not what it claims to be. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  constructor(
    /** The file that is at fault. */
    readonly path: string,
    readonly reason: 'missing' | 'unreadable' | 'format' | 'mismatch',
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${message}`, options);
  }
}
