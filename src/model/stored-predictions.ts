/**
 * `predictions.json` beside a model: what it said of each scan of D_val and of the test set, so that two
 * models can be compared scan by scan. Equal models give equal bytes.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { ModelError } from './errors.js';

const PREDICTIONS_FILE = 'predictions.json';
const LARGEST_FILE = 2 ** 27;
const MOST_SCANS = 1_000_000;

const rows = z
  .array(
    z.object({
      scan: z.string().min(1).max(4096),
      patient: z.string().min(1).max(4096),
      class: z.string().min(1).max(256),
      /** Calibrated, in the order of `classes`. */
      probabilities: z.array(z.number().min(0).max(1)).min(2).max(10_000),
    }),
  )
  .max(MOST_SCANS);

const schema = z
  .object({
    format: z.literal(1),
    /** SHA-256 of the weights that said so. */
    weights: z.string().regex(/^[0-9a-f]{64}$/),
    classes: z.array(z.string().min(1).max(256)).min(2).max(10_000),
    validation: rows,
    test: rows,
  })
  .refine(
    ({ classes, validation, test }) =>
      [...validation, ...test].every(({ probabilities }) => probabilities.length === classes.length),
    { error: 'expected a probability a class for each scan' },
  );

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

export type StoredPredictions = Immutable<z.output<typeof schema>>;
export type PredictedScan = StoredPredictions['test'][number];

/** Replaces `predictions.json` in `folder`, which is made if need be. */
export async function writePredictions(
  folder: string,
  predictions: Omit<StoredPredictions, 'format'>,
): Promise<void> {
  const { weights, classes, validation, test } = predictions;
  const lines = (side: readonly PredictedScan[]): string =>
    side.length === 0 ? '[]' : `[\n${side.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]`;
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(
    join(folder, PREDICTIONS_FILE),
    `{\n  "format": 1,\n  "weights": ${JSON.stringify(weights)},\n  "classes": ${JSON.stringify(classes)},\n` +
      `  "validation": ${lines(validation)},\n  "test": ${lines(test)}\n}\n`,
  );
}

/**
 * What the weights `weights` said; null where nothing is stored, or only what other weights said.
 * Errors: ModelError for a damaged file.
 */
export async function readPredictions(folder: string, weights: string): Promise<StoredPredictions | null> {
  const path = join(folder, PREDICTIONS_FILE);
  if (!existsSync(path)) return null;
  const { size } = await stat(path);
  if (size > LARGEST_FILE)
    throw new ModelError(path, 'format', `expected at most ${LARGEST_FILE} bytes, got ${size}`);
  let value: unknown = null;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // Reported below, as a value of no form.
  }
  const checked = schema.safeParse(value);
  if (!checked.success)
    throw new ModelError(
      path,
      'format',
      'expected the predictions of a model, got something else; remove the file, and nothing else is lost',
    );
  return checked.data.weights === weights ? checked.data : null;
}
