/**
 * Files that are either the old one or the new one, never half of each.
 *
 * The recipe of every data base: write under another name in the same folder, fsync the file, rename
 * over the old name, fsync the folder. Without the last step a power cut may undo the rename; without
 * the first fsync it may leave an empty file under the good name.
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { withFailpoints } from '../failpoint/failpoint.js';

/** Makes the entries of `folder` (creations, renames, removals) survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces `path` by `content`, all or nothing. The folder must exist. An error leaves the old file as
 * it was and no temporary file behind; the error is Node's own, with `code` and `path`.
 * `mode` counts for the new file (0o600 for what holds credentials).
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}`);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await withFailpoints('file-write', () => handle.writeFile(content));
      await withFailpoints('file-sync', () => handle.sync());
    } finally {
      await handle.close();
    }
    await withFailpoints('file-rename', () => rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await withFailpoints('file-folder-sync', () => syncFolder(folder));
}
