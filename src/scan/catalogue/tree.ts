/**
 * A data folder as a tree of names, read once under limits.
 *
 * This is the only place that walks folders, so the rules of safety are here: regular files and
 * folders only, symbolic links only where they stay inside the data folder, no cycles, bounded count
 * and depth. Hidden names (`.…`, `__MACOSX`) and a top-level folder `masks` are passed over; the latter
 * holds segmentation masks, which look like scans and are none.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CatalogueError, reasonOf, type ScanProblem } from '../errors.js';
import type { ScanLimits } from '../limits.js';
import { naturalOrder } from './natural-order.js';

export interface Folder {
  /** Name of the folder itself; empty for the root. */
  readonly name: string;
  /** Path relative to the root, with `/`; empty for the root. */
  readonly path: string;
  /** Both in natural order. */
  readonly folders: readonly Folder[];
  readonly files: readonly string[];
}

/**
 * Reads the tree under `root`. What cannot be used is added to `problems`.
 * Errors: CatalogueError when the root is no readable folder or a limit is passed.
 */
export async function readTree(root: string, limits: ScanLimits, problems: ScanProblem[]): Promise<Folder> {
  let realRoot: string;
  try {
    realRoot = await realpath(root);
    if (!(await stat(realRoot)).isDirectory())
      throw new CatalogueError(root, 'expected a folder of scans, got a file');
  } catch (error) {
    if (error instanceof CatalogueError) throw error;
    throw new CatalogueError(root, `expected a folder of scans; it cannot be opened (${codeOf(error)})`);
  }
  return new Walk(root, realRoot, limits, problems).folder('', '', [realRoot]);
}

class Walk {
  private seen = 0;

  constructor(
    private readonly root: string,
    private readonly realRoot: string,
    private readonly limits: ScanLimits,
    private readonly problems: ScanProblem[],
  ) {}

  /** `above`: the real paths of the folders on the way down, this one included. */
  async folder(path: string, name: string, above: readonly string[]): Promise<Folder> {
    if (above.length - 1 > this.limits.folderDepth) {
      throw new CatalogueError(
        this.root,
        `folders are nested deeper than ${this.limits.folderDepth} levels at ${path}`,
      );
    }
    const folders: Folder[] = [];
    const files: string[] = [];
    const entries = await readdir(join(this.root, path), { withFileTypes: true }).catch((error: unknown) => {
      this.problems.push({ path: path || '.', reason: `the folder cannot be read (${codeOf(error)})` });
      return [];
    });
    entries.sort((a, b) => naturalOrder(a.name, b.name));
    for (const entry of entries) {
      if (isPassedOver(entry.name, path === '')) continue;
      if (++this.seen > this.limits.files) {
        throw new CatalogueError(
          this.root,
          `more than ${this.limits.files} files; is this the right folder?`,
        );
      }
      const below = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        folders.push(await this.folder(below, entry.name, [...above, join(above.at(-1) ?? '', entry.name)]));
      } else if (entry.isFile()) {
        files.push(entry.name);
      } else if (entry.isSymbolicLink()) {
        const target = await this.follow(below, above);
        if (target === 'file') files.push(entry.name);
        else if (target !== null)
          folders.push(await this.folder(below, entry.name, [...above, target.folder]));
      } else {
        this.problems.push({ path: below, reason: 'neither a file nor a folder' });
      }
    }
    return { name, path, folders, files };
  }

  /** Where a symbolic link leads, or null (with a problem noted) where it must not be followed. */
  private async follow(path: string, above: readonly string[]): Promise<'file' | { folder: string } | null> {
    const refuse = (reason: string): null => {
      this.problems.push({ path, reason });
      return null;
    };
    try {
      const target = await realpath(join(this.root, path));
      if (target !== this.realRoot && !target.startsWith(this.realRoot + sep))
        return refuse('a symbolic link that leaves the data folder is not followed');
      const found = await stat(target);
      if (found.isFile()) return 'file';
      if (!found.isDirectory()) return refuse('neither a file nor a folder');
      if (above.includes(target))
        return refuse('a symbolic link that leads back to a folder above it is not followed');
      return { folder: target };
    } catch (error) {
      return refuse(`a broken symbolic link (${codeOf(error)})`);
    }
  }
}

function isPassedOver(name: string, atTop: boolean): boolean {
  return name.startsWith('.') || name === '__MACOSX' || (atTop && name === 'masks');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : reasonOf(error);
}
