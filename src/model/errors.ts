/** A model cannot be read, or is not what it claims to be. */
import { EmarsError } from '../errors/error.js';
export class ModelError extends EmarsError {
  override readonly name = 'ModelError';
  readonly kind = 'data';
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
