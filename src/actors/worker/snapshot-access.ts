/** Snapshots where a worker needs them: those of its run folder lie there; on another host they are fetched. */
import { readSnapshot, SnapshotError, writeSnapshot } from '../../runtime/storage/snapshots.js';
import type { Bus } from '../../runtime/bus/bus.js';
import { ContentCache } from '../../runtime/storage/content-cache.js';
import { readWorkplace } from '../../run/workplace.js';
import type { Subjects } from '../../wire/subjects.js';
import { fetchContent } from './fetch-contents.js';

export interface SnapshotAccess {
  /** Resolves when the snapshot lies where the worker reads it. Errors: ContentUnavailable, ContentCacheError. */
  ensure(sha256: string): Promise<void>;
}

/** `root`: a run folder, or a workplace. Errors: RunFolderError. */
export async function snapshotAccess(root: string, bus: Bus, subjects: Subjects): Promise<SnapshotAccess> {
  const place = await readWorkplace(root);
  if (place === null) return { ensure: () => Promise.resolve() };
  const { manifest, cache: folder, cacheBytes } = place;
  const cache = new ContentCache(folder, cacheBytes);
  const keep = new Set(manifest.scans.map(({ sha256 }) => sha256));
  let last: { readonly sha256: string; readonly here: Promise<void> } | null = null;
  const fetched = async (sha256: string): Promise<void> => {
    if ((await cache.read(sha256)) !== null) return;
    if (await copied(manifest.paths.snapshots, folder, sha256)) {
      await cache.trim(new Set([...keep, sha256]));
      return;
    }
    await fetchContent({ bus, subjects, cache }, sha256, keep);
  };
  return {
    ensure: (sha256) => {
      if (last?.sha256 === sha256) return last.here;
      const here = fetched(sha256);
      last = { sha256, here };
      here.catch(() => (last = null));
      return here;
    },
  };
}

/** From the run's own folder, where this host sees it. */
async function copied(from: string, to: string, sha256: string): Promise<boolean> {
  try {
    await writeSnapshot(to, [await readSnapshot(from, sha256)]);
    return true;
  } catch (error) {
    if (error instanceof SnapshotError && error.kind === 'damaged') return false;
    throw error;
  }
}
