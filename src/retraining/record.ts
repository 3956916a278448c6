/** `retrain.json`: what a retraining was asked for. `test-opened.json`: which models have seen a test set. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EmarsError } from '../errors/error.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';

/** A retraining cannot be made of what was given, or not go on. */
export class RetrainingError extends EmarsError {
  override readonly name = 'RetrainingError';
  readonly kind = 'data';
}

const genome = z.array(z.string().min(1).max(64)).min(1).max(4096);
const recordSchema = z.object({
  format: z.literal(1),
  /** Where the test set's openings are recorded: the run that was searched, or the retraining itself. */
  testRecord: z.string().max(4096),
  candidates: z
    .array(z.object({ id: z.string().max(64), genome }))
    .min(1)
    .max(100),
});
export type RetrainingRecord = z.infer<typeof recordSchema>;

/** Where things are in the folder of a retraining. Its stages are run folders; the model stands beside them. */
export function retrainingFolder(root: string): {
  readonly root: string;
  readonly record: string;
  readonly rank: string;
  readonly final: string;
  /** The configurations of the two, in full but for the cohort of the second. */
  readonly rankConfig: string;
  readonly finalConfig: string;
  readonly model: string;
} {
  return {
    root,
    record: join(root, 'retrain.json'),
    rank: join(root, 'rank'),
    final: join(root, 'final'),
    rankConfig: join(root, 'rank.yaml'),
    finalConfig: join(root, 'final.yaml'),
    model: join(root, 'model.json'),
  };
}

export async function writeRecord(path: string, record: RetrainingRecord): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** Errors: RetrainingError for a missing or damaged file. */
export async function readRecord(path: string): Promise<RetrainingRecord> {
  if (!existsSync(path))
    throw new RetrainingError(
      `expected the folder of a retraining, got one without ${path}; start one with emars retrain RUN --out DIR`,
    );
  return parsed(path, recordSchema, await readFile(path, 'utf8'));
}

const openingsSchema = z.object({
  format: z.literal(1),
  openings: z.array(z.object({ split: z.string().max(64), weights: z.string().max(64) })).max(10_000),
});

/** Identity of a split: SHA-256 of its file. */
export async function splitDigest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Weights that have seen the test set of a split, oldest first. `path`: of `test-opened.json`. */
export async function testOpenings(path: string, split: string): Promise<string[]> {
  return (await readOpenings(path)).filter((one) => one.split === split).map(({ weights }) => weights);
}

/**
 * Records that weights are about to see the test set; the same weights again are the same opening.
 * Returns how often it was opened. Errors: RetrainingError where other weights saw it and `again` is false.
 */
export async function openTest(
  path: string,
  { split, weights }: { readonly split: string; readonly weights: string },
  again: boolean,
): Promise<number> {
  const openings = await readOpenings(path);
  const known = openings.filter((one) => one.split === split);
  if (known.some((one) => one.weights === weights)) return known.length;
  if (known.length > 0 && !again) throw alreadyOpened(path, known.length);
  const next = { format: 1, openings: [...openings, { split, weights }] };
  await writeFileAtomic(path, `${JSON.stringify(next, null, 2)}\n`);
  return known.length + 1;
}

export function alreadyOpened(path: string, times: number): RetrainingError {
  return new RetrainingError(
    `expected a test set that no model has seen, got one opened ${times} time${times === 1 ? '' : 's'} ` +
      `(${path}); ` +
      'figures on it are no longer honest: split anew, or --reopen-test, which the model will say',
  );
}

async function readOpenings(path: string): Promise<z.infer<typeof openingsSchema>['openings']> {
  if (!existsSync(path)) return [];
  return parsed(path, openingsSchema, await readFile(path, 'utf8')).openings;
}

function parsed<Schema extends z.ZodType>(path: string, schema: Schema, text: string): z.infer<Schema> {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Reported below, as a value of no form.
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new RetrainingError(`${path}: expected what a retraining wrote, got something else; it is damaged`);
}
