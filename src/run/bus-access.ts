/** `bus.json`: how the processes of a run find the broker. Credentials never stand in arguments. */
import { z } from 'zod';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { brokerAccessSchema } from './credentials.js';
import { parseJson, readOptional, readRequired } from './read-file.js';

export const busAccessSchema = z.object({
  /** Id of the run on the bus, 12 hex digits. */
  run: z.string().regex(/^[0-9a-f]{12}$/, 'expected 12 hex digits'),
  ...brokerAccessSchema.shape,
});
export type BusAccess = z.infer<typeof busAccessSchema>;

/** Readable by its owner alone. `path`: of `bus.json`. */
export async function writeBusAccess(path: string, access: BusAccess): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(access), 0o600);
}

/** Errors: RunFolderError for a missing or damaged file. */
export async function readBusAccess(path: string): Promise<BusAccess> {
  return parseJson(path, busAccessSchema, await readRequired(path, 'the run is not at work'));
}

/** Id of the run in an earlier life, so that what a foreign broker still holds is found again; null if unknown. */
export async function knownRunId(path: string): Promise<string | null> {
  const bytes = await readOptional(path).catch(() => null);
  if (bytes === null) return null;
  try {
    return parseJson(path, busAccessSchema.pick({ run: true }), bytes).run;
  } catch {
    return null;
  }
}
