/** `front.json`: the non-dominated individuals of the last epoch, with equal bytes for equal searches. */
import { z } from 'zod';
import { count, epochNumber, genome, individualId, measureName, sha256, values } from './fields.js';
import type { RunFolder } from './folder.js';
import { parseJson, readRequired } from './read-file.js';

const measureSchema = z.object({
  name: measureName,
  direction: z.enum(['max', 'min']),
  /** May be empty: an accuracy has none. */
  unit: z.string().max(64),
  /** The first epoch that measured it; absent where that was the first to be evaluated. */
  since: epochNumber.optional(),
});
/**
 * What is measured of an individual, an objective or not: name, better direction, unit.
 * @useDeclaredType
 */
export type Measure = z.infer<typeof measureSchema>;

const frontMemberSchema = z.object({
  id: individualId,
  genome,
  values,
  /** Pairs [epoch, accuracy], one for each epoch in which it was evaluated. */
  history: z.array(z.tuple([epochNumber, z.number()])).max(1e6),
});
/**
 * One individual of the front.
 * @useDeclaredType
 */
export type FrontMember = z.infer<typeof frontMemberSchema>;

/** An objective that joined the search and left it again: its last epoch, and why. */
const formerSchema = measureSchema.extend({
  since: epochNumber,
  /** The epoch before `since`: it failed in its first one. */
  until: z.number().int().min(0).max(1e6),
  reason: z.string().max(8192),
});
/**
 * An objective that took part for a while: from epoch `since` to epoch `until`, both with it, or in none.
 * @useDeclaredType
 */
export type FormerMeasure = z.infer<typeof formerSchema>;

export const frontSchema = z.object({
  format: z.literal(1),
  objectives: z.array(measureSchema).min(1).max(32),
  former: z.array(formerSchema).max(256).optional(),
  epoch: epochNumber,
  front: z.array(frontMemberSchema).max(1e5),
  /** The snapshot the values were measured on, after `step` steps. */
  weights: z.object({ sha256, step: count }),
  /** Of a retraining: the epoch that did best on D_val, by whom, and its snapshot. */
  chosen: z.object({ epoch: epochNumber, individual: individualId, value: z.number(), sha256 }).optional(),
  /** Of `history.jsonl`, which was written just before. */
  history: z.object({ sha256 }),
});
/**
 * `front.json`.
 * @useDeclaredType
 */
export type Front = z.infer<typeof frontSchema>;

/** The text of the file. Equal fronts, equal bytes. */
export function formatFront(front: Front): string {
  return JSON.stringify(front, null, 2) + '\n';
}

/** Errors: RunFolderError for a missing or damaged file. */
export async function readFront(folder: RunFolder): Promise<Front> {
  const bytes = await readRequired(folder.front, 'no epoch of this run has been evaluated yet');
  return parseFront(folder.front, bytes);
}

export function parseFront(path: string, bytes: Uint8Array): Front {
  return parseJson(path, frontSchema, bytes);
}
