/** What was given cannot be tabulated. */
import { EmarsError } from '../errors/error.js';

export class TablesError extends EmarsError {
  override readonly name = 'TablesError';
  readonly kind = 'data';
}
