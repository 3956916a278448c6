/** `--resume DIR`: a run that was begun, which goes on as its config.yaml says. */
import { requireBegunRun } from '../library/run-argument.js';
import { UsageError } from './errors.js';

const FIXED = ['config', 'data', 'out', 'seed', 'set'] as const;

/** Errors: UsageError for flags that the run has fixed; NotARun where no run was begun. */
export function requireResumable(
  root: string,
  flags: { readonly [Name in (typeof FIXED)[number]]?: unknown },
): void {
  const fixed = FIXED.filter((name) => flags[name] !== undefined);
  if (fixed.length > 0)
    throw new UsageError(
      `--resume: expected no ${fixed.map((name) => `--${name}`).join(', ')}, ` +
        `which the run's config.yaml fixes; leave it out`,
    );
  requireBegunRun(root);
}
