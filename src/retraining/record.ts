/** `retrain.json`: what a retraining was asked for. `test-opened.json`: which models have seen a test set. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EmarsError } from '../errors/error.js';
import type { BaselineName } from '../space/baseline-names.js';
import { BASELINE_NAMES } from '../space/baseline-names.js';
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
  /** True where training begins with the weights of the search, which lie in `shared/`. */
  fromShared: z.boolean().default(false),
});
export type RetrainingRecord = z.infer<typeof recordSchema>;

const baselinesSchema = z.object({
  format: z.literal(1),
  networks: z.array(z.enum(BASELINE_NAMES)).min(1).max(BASELINE_NAMES.length),
});

const baselinesFile = (root: string): string => join(root, 'baselines.json');

/** True for a folder that `writeBaselines` was called for. */
export const isBaselines = (root: string): boolean => existsSync(baselinesFile(root));

/** Notes which baselines are trained in folders of their own below `root`, each a retraining. */
export async function writeBaselines(root: string, networks: readonly BaselineName[]): Promise<void> {
  await writeFileAtomic(baselinesFile(root), `${JSON.stringify({ format: 1, networks }, null, 2)}\n`);
}

/** Errors: RetrainingError for a missing or damaged file. */
export async function readBaselines(root: string): Promise<readonly BaselineName[]> {
  const path = baselinesFile(root);
  if (!existsSync(path))
    throw new RetrainingError(
      `expected the folder of baselines, got one without ${path}; start with emars baselines RUN --out DIR`,
    );
  return parsed(path, baselinesSchema, await readFile(path, 'utf8')).networks;
}

/** Where things are in the folder of a retraining. Its stages are run folders; the model stands beside them. */
export function retrainingFolder(root: string): {
  readonly root: string;
  readonly record: string;
  readonly rank: string;
  readonly final: string;
  /** The configurations of the two, in full but for the cohort of the second. */
  readonly rankConfig: string;
  readonly finalConfig: string;
  /** First weights of the candidates, where they are not drawn. */
  readonly shared: string;
  readonly model: string;
} {
  return {
    root,
    record: join(root, 'retrain.json'),
    rank: join(root, 'rank'),
    final: join(root, 'final'),
    rankConfig: join(root, 'rank.yaml'),
    finalConfig: join(root, 'final.yaml'),
    shared: join(root, 'shared'),
    model: join(root, 'model.json'),
  };
}

export async function writeRecord(path: string, record: z.input<typeof recordSchema>): Promise<void> {
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

/** The network that a search found, whichever it is: retrained twice, it has looked twice. */
export const SEARCHED = 'searched';

const openingsSchema = z.object({
  format: z.literal(1),
  openings: z
    .array(
      z.object({
        split: z.string().max(64),
        weights: z.string().max(64),
        /** What looked: the searched network, or a baseline by name. */
        network: z.string().max(64).default(SEARCHED),
      }),
    )
    .max(10_000),
});

/** Identity of a split: SHA-256 of its file. */
export async function splitDigest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Who looks at which test set. */
export interface Look {
  /** Digest of the split. */
  readonly split: string;
  /** `SEARCHED`, or a baseline by name. */
  readonly network: string;
}

/** Weights of a network that have seen the test set of a split, oldest first. `path`: of `test-opened.json`. */
export async function testOpenings(path: string, look: Look): Promise<string[]> {
  return openingsOf(await readOpenings(path), look).map(({ weights }) => weights);
}

const openingsOf = (openings: readonly Opening[], { split, network }: Look): Opening[] =>
  openings.filter((one) => one.split === split && one.network === network);

/**
 * Records that weights are about to see the test set; the same weights again are the same opening. Each
 * network that is compared has one look: a baseline, chosen before, takes nothing from the searched one.
 * Returns how often this network has looked. Errors: RetrainingError where other weights of it did and
 * `again` is false.
 */
export async function openTest(
  path: string,
  { split, network, weights }: Look & { readonly weights: string },
  again: boolean,
): Promise<number> {
  const openings = await readOpenings(path);
  const known = openingsOf(openings, { split, network });
  if (known.some((one) => one.weights === weights)) return known.length;
  if (known.length > 0 && !again) throw alreadyOpened(path, known.length);
  const next = { format: 1, openings: [...openings, { split, weights, network }] };
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

type Opening = z.infer<typeof openingsSchema>['openings'][number];

async function readOpenings(path: string): Promise<Opening[]> {
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
