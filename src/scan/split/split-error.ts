/** Everything that is wrong with a split, at once. */
import { EmarsError } from '../../errors/error.js';

export class SplitError extends EmarsError {
  override readonly name = 'SplitError';
  readonly kind = 'data';
  constructor(readonly problems: readonly string[]) {
    super(
      problems.length === 1
        ? `the split cannot be used: ${problems[0]}`
        : `the split cannot be used, for ${problems.length} reasons: ${problems.slice(0, 10).join('; ')}` +
            (problems.length > 10 ? '; …' : ''),
    );
  }
}
