/** Why a chaos run says nothing: not the search is at fault, or nobody can tell. */
import { EmarsError } from '../errors/error.js';

export class ChaosFailed extends EmarsError {
  override readonly name = 'ChaosFailed';
  readonly kind = 'environment';
}
