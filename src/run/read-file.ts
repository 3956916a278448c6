/**
 * Reading the files of a run folder: bounded, checked, and with one kind of error.
 *
 * A run folder may come from another machine or another version: nothing in it is trusted. Unknown
 * fields are ignored, so that a newer writer may add some; a known field of the wrong kind is an error.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { z } from 'zod';
import { RunFolderError } from './error.js';
import type { RunFileName } from './folder.js';
import { FILE_LIMITS } from './folder.js';

/** The bytes of a file, null where there is none. Errors: RunFolderError (too large, unreadable). */
export async function readOptional(path: string): Promise<Buffer | null> {
  const limit = FILE_LIMITS[basename(path) as RunFileName];
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new RunFolderError(path, 'cannot be read: expected a file');
    if (found.size > limit)
      throw new RunFolderError(path, `expected at most ${limit} bytes, got ${found.size}`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof RunFolderError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new RunFolderError(path, `cannot be read: ${(error as Error).message}`);
  }
}

/** The bytes of a file that must be there. `why`: what its absence means. Errors: RunFolderError. */
export async function readRequired(path: string, why: string): Promise<Buffer> {
  const bytes = await readOptional(path);
  if (bytes === null) throw new RunFolderError(path, `expected this file, found none; ${why}`);
  return bytes;
}

/** A JSON document under a schema. `line`: prefix of the reason, for one line of many. Errors: RunFolderError. */
export function parseJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  bytes: Uint8Array,
  line = '',
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (error) {
    throw new RunFolderError(path, `${line}expected JSON: ${(error as Error).message}`);
  }
  const checked = schema.safeParse(value);
  if (!checked.success) throw new RunFolderError(path, line + complaint(checked.error));
  return checked.data;
}

/** The first complaint of a schema as one line: where, and what. */
export function complaint(error: z.ZodError): string {
  const [first] = error.issues;
  if (first === undefined) return 'not as expected';
  const where = first.path.length === 0 ? '' : `"${first.path.map(String).join('.')}": `;
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : '';
  return where + first.message + more;
}
