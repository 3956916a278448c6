/** `scan.json` beside the heat map of a scan: what was asked and what came out. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const FILE = 'scan.json';
const share = z.number().min(0).max(1);

const schema = z.strictObject({
  format: z.literal(1),
  scan: z.string(),
  /** SHA-256 of the weights. */
  model: z.string(),
  /** Class that was asked for; null: the predicted one. */
  asked: z.string().nullable(),
  /** File of the mask that the map was compared with. */
  mask: z.string().nullable(),
  class: z.string(),
  probabilities: z.record(z.string(), share),
  uncertainty: z.number(),
  warnings: z.array(z.string()),
  explained: z.string(),
  slices: z.int().positive(),
  /** Null without a mask, or with an empty one. */
  pointing: z
    .strictObject({ hit: z.boolean(), exact: z.boolean(), massInside: share.nullable(), lesionShare: share })
    .nullable(),
});

export type ExplainRecord = z.infer<typeof schema>;

export async function writeRecord(folder: string, record: ExplainRecord): Promise<void> {
  await writeFile(join(folder, FILE), `${JSON.stringify(schema.parse(record), null, 2)}\n`);
}

/** Null where there is none, or not of this form. */
export async function readRecord(folder: string): Promise<ExplainRecord | null> {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, FILE), 'utf8')));
  } catch {
    return null;
  }
}
