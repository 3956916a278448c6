/** Classes and scan ids of a run's split, for processes that open no catalogue. */
import { readSplit } from './split.js';

export interface RunSides {
  readonly classes: readonly string[];
  readonly training: readonly string[];
  readonly validation: readonly string[];
}

/** `path`: of `split.json`. Errors: RunFolderError for a missing or damaged file. */
export async function readSides(path: string): Promise<RunSides> {
  const { classes, train, validation } = await readSplit({ split: path });
  return {
    classes,
    training: train.map(({ id }) => id),
    validation: validation.map(({ id }) => id),
  };
}
