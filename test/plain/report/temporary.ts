/**
 * Folders that live as long as a test file, and copies of the hand-written run in them.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const TINY = fileURLToPath(new URL('../../fixtures/run/tiny', import.meta.url));

const made: string[] = [];
// Registered on import, while the test file is collected: a hook of the whole file.
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A new folder, removed after the tests of this file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'emars-report-'));
  made.push(folder);
  return folder;
}

/** A copy of the hand-written run under `parent`, to be changed freely. */
export async function copyOfTiny(parent: string, name: string): Promise<string> {
  const folder = join(parent, name);
  await cp(TINY, folder, { recursive: true });
  return folder;
}
