/** Scans as a run decodes them, and where they lie decoded on this host. */
import { join } from 'node:path';
import type { Options } from '../../config/options.js';
import { cacheFolder } from '../../native/cache.js';
import { hasDataOfRun } from '../../run/data-record.js';
import type { RunFolder } from '../../run/folder.js';
import type { DecodeSettings } from '../../scan/store/cache.js';
import type { ScanStore } from '../../scan/store/store.js';
import { openScanStore } from '../../scan/store/store.js';
import { lungWindow } from '../../scan/store/window.js';

export function scanCacheFolder(): string {
  return join(cacheFolder(), 'scans');
}

export function decodeSettings({ input, data }: Options): DecodeSettings {
  return { size: input.size, crop: input.crop, window: { ...lungWindow, ...data.window } };
}

/** Decoded scans of a folder under the options of a run. `onProgress(done, total)` while it decodes. */
export function openStore(
  options: Options,
  root: string,
  onProgress?: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<ScanStore> {
  return openScanStore({
    root,
    ...decodeSettings(options),
    cacheDir: scanCacheFolder(),
    dicom: options.data.dicom,
    onBadScan: options.data.onBadScan,
    threads: 2,
    ...(options.engine.native === 'off' ? { codec: null } : {}),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The scans of a run in the folder `root`: those that it began with. Errors: those of the scans; RunFolderError. */
export async function openSameScans(folder: RunFolder, options: Options, root: string): Promise<ScanStore> {
  const store = await openStore(options, root);
  await hasDataOfRun(folder, store);
  return store;
}
