/**
 * `study.json`: which phases of a study are done, each with the files it left and their digests. A phase is
 * recorded when all its files are there, so who was killed finds it done or begins it again.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { EmarsError } from '../errors/error.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';

const STUDY_RECORD = 'study.json';

/** The folder of a study is not one, or damaged. */
export class StudyError extends EmarsError {
  override readonly name = 'StudyError';
  readonly kind = 'data';
}

const schema = z.object({
  format: z.literal(1),
  phases: z
    .array(
      z.object({
        name: z.string().max(64),
        files: z
          .array(z.object({ path: z.string().min(1).max(4096), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
          .max(100_000),
      }),
    )
    .max(100),
});
export type StudyRecord = z.output<typeof schema>;
export type DonePhase = StudyRecord['phases'][number];

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The record in `root`; one without phases where there is none yet. Errors: StudyError for a damaged one. */
export async function readStudyRecord(root: string): Promise<StudyRecord> {
  const path = join(root, STUDY_RECORD);
  if (!existsSync(path)) return { format: 1, phases: [] };
  let value: unknown = null;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // Reported below, as a value of no form.
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw new StudyError(
    `${path}: expected what a study wrote, got something else; remove it, and the phases are done again`,
  );
}

/** True if the phase is recorded and each of its files is as it was left. */
export async function isDone(root: string, { phases }: StudyRecord, name: string): Promise<boolean> {
  const phase = phases.find((one) => one.name === name);
  if (phase === undefined) return false;
  for (const { path, sha256 } of phase.files) {
    const file = join(root, path);
    if (!existsSync(file) || (await digestOf(file)) !== sha256) return false;
  }
  return true;
}

/**
 * Records a phase with its files (paths below `root`), and forgets the phases after it, which were made of
 * what it has just made anew. `order`: names of all phases.
 */
export async function recordPhase(
  root: string,
  order: readonly string[],
  name: string,
  files: readonly string[],
): Promise<StudyRecord> {
  const { phases } = await readStudyRecord(root);
  const before = phases.filter((phase) => order.indexOf(phase.name) < order.indexOf(name));
  const own: DonePhase = { name, files: [] };
  for (const path of files) own.files.push({ path, sha256: await digestOf(join(root, path)) });
  const record: StudyRecord = { format: 1, phases: [...before, own] };
  await writeFileAtomic(join(root, STUDY_RECORD), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}
