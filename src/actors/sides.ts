/** Classes and sides of a run's `split.json`, for processes that open no scans. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const entries = z.array(z.object({ id: z.string(), class: z.string() }));
const sides = z.object({ classes: z.array(z.string()).min(2), train: entries, validation: entries });

export interface RunSides {
  readonly classes: readonly string[];
  readonly training: readonly string[];
  readonly validation: readonly string[];
  /** Share of the largest class in D_val: what always guessing it reaches. */
  readonly majority: number;
}

/** Errors: SyntaxError or ZodError for a damaged file. */
export async function readSides(path: string): Promise<RunSides> {
  const { classes, train, validation } = sides.parse(JSON.parse(await readFile(path, 'utf8')));
  const counts = classes.map((name) => validation.filter((entry) => entry.class === name).length);
  return {
    classes,
    training: train.map(({ id }) => id),
    validation: validation.map(({ id }) => id),
    majority: Math.max(...counts) / Math.max(1, validation.length),
  };
}
