/** How a run ended, by its own record. */
import { readFile } from 'node:fs/promises';
import { runFolder } from '../actors/run-folder.js';

/** "running", "finished", "interrupted", "failed", or null where there is no readable record. */
export async function readRecordedStatus(root: string): Promise<string | null> {
  try {
    const record = JSON.parse(await readFile(runFolder(root).run, 'utf8')) as { status?: unknown };
    return typeof record.status === 'string' ? record.status : null;
  } catch {
    return null;
  }
}
