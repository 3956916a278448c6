/** Everything that is wrong with a split, at once. */
export class SplitError extends Error {
  override readonly name = 'SplitError';
  constructor(readonly problems: readonly string[]) {
    super(
      problems.length === 1
        ? `the split cannot be used: ${problems[0]}`
        : `the split cannot be used, for ${problems.length} reasons: ${problems.slice(0, 10).join('; ')}` +
            (problems.length > 10 ? '; …' : ''),
    );
  }
}
