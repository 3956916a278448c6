import { EmarsError } from '../errors/error.js';

/** A model cannot be brought into the form that was asked for. */
export class ExportError extends EmarsError {
  override readonly name = 'ExportError';
  readonly kind = 'usage';
}
