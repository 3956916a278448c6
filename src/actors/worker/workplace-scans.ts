/** The scans of a worker on another host than its run: from the same path, or from the run. */
import type { Options } from '../../config/options.js';
import { runFolder } from '../../run/folder.js';
import { readSplit } from '../../run/split.js';
import type { Workplace } from '../../run/workplace.js';
import { ContentCache } from '../../runtime/storage/content-cache.js';
import { openEntryStore } from '../../scan/store/entry-store.js';
import type { ScanStore } from '../../scan/store/store.js';
import { joinBus } from '../setup/bus-access.js';
import { openSameScans } from '../setup/decoded-scans.js';
import { fetchContents } from './fetch-contents.js';
import type { WorkerNews } from './worker-news.js';

/** Fetches what is missing first. Errors: those of the scans, of fetching, of joining the bus. */
export async function openWorkplaceScans(
  root: string,
  place: Workplace,
  options: Options,
): Promise<ScanStore> {
  const folder = runFolder(root);
  const { scans, paths } = place.manifest;
  if (place.scansHere) return openSameScans(folder, options, paths.scans);
  const cache = new ContentCache(place.cache, place.cacheBytes);
  await fetchScans(root, place, cache);
  const { classes } = await readSplit(folder);
  return openEntryStore({ folder: cache.folder, classes, size: options.input.size, entries: scans });
}

async function fetchScans(root: string, { manifest, client }: Workplace, cache: ContentCache): Promise<void> {
  const { scans } = manifest;
  // What is damaged is found out and removed here, where it can be fetched again.
  let sound = 0;
  for (const { sha256 } of scans) if ((await cache.read(sha256)) !== null) sound++;
  if (sound === scans.length) return;
  cache.requireRoom(
    scans.reduce((sum, { bytes }) => sum + bytes, 0),
    'the decoded scans',
  );
  const { bus, subjects } = await joinBus(runFolder(root).bus, client);
  try {
    const keep = new Set(scans.map(({ sha256 }) => sha256));
    await fetchContents({ bus, subjects, cache }, scans, keep, (done, total) => {
      process.send?.({ kind: 'fetched', done, total } satisfies WorkerNews);
    });
  } finally {
    await bus.close();
  }
}
