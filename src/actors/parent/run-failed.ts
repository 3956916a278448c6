/** The one error of a run that was supervised to its end. */
import { EmarsError } from '../../errors/error.js';

/** The run cannot go on: its folder cannot be read (`damaged`), or its environment is at fault. */
export class RunFailed extends EmarsError {
  override readonly name = 'RunFailed';
  constructor(
    reason: string,
    readonly kind: 'damaged' | 'environment',
  ) {
    super(reason);
  }
}
