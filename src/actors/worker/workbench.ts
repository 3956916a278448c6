/** What a trainer or evaluator works with: options, scans and net of a run folder. No TensorFlow yet. */
import { join } from 'node:path';
import { loadOptions } from '../../config/load.js';
import type { Options } from '../../config/options.js';
import type { Kernels } from '../../kernels/kernels.js';
import { loadKernels } from '../../kernels/kernels.js';
import { SignalGuard } from '../../kernels/signal-guard.js';
import { cacheFolder } from '../../native/cache.js';
import { linkedKernels } from '../../native/kernels.js';
import { lungWindow } from '../../scan/store/window.js';
import { openScanStore } from '../../scan/store/store.js';
import type { ScanStore } from '../../scan/store/store.js';
import type { Net } from '../../space/cohort.js';
import { Dataset } from '../../training/dataset.js';
import { netOf } from '../setup/rules.js';
import { readDataRecord, requireSameData } from '../../run/data-record.js';
import { runFolder } from '../../run/folder.js';
import { readSides } from '../../run/sides.js';
import { readSplit } from '../../run/split.js';

export interface Workbench {
  readonly options: Options;
  readonly dataset: Dataset;
  readonly net: Net;
  /** What computes gradients and logits; null: TensorFlow. */
  readonly kernels: Kernels | null;
  /** To be around whatever may run TensorFlow. */
  readonly signals: SignalGuard;
}

/**
 * Opens the scans of a run; what the run's parent decoded is found in the cache. `addon` is the path of the
 * native kernels where they compute. Errors: KernelsError, and those of the scans.
 */
export async function openWorkbench(root: string, addon: string | null): Promise<Workbench> {
  const folder = runFolder(root);
  const options = loadOptions({ file: folder.config });
  const store = await openStore(options, options.data.path ?? folder.phantoms);
  const record = await readDataRecord(folder);
  if (record !== null) requireSameData(record, await readSplit(folder), store);
  const dataset = new Dataset(store, await readSides(folder.split), datasetOptions(options));
  return {
    options,
    dataset,
    net: netOf(options, store.classes.length),
    kernels: addon === null ? null : loadKernels(addon),
    signals: new SignalGuard(addon ?? (await linkedKernels())?.path ?? null),
  };
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
    size: options.input.size,
    crop: options.input.crop,
    window: { ...lungWindow, ...options.data.window },
    cacheDir: join(cacheFolder(), 'scans'),
    dicom: options.data.dicom,
    onBadScan: options.data.onBadScan,
    threads: 2,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  });
}

export function datasetOptions(options: Options): ConstructorParameters<typeof Dataset>[2] {
  const { input, training, data } = options;
  return {
    seed: options.seed,
    slices: input.slices,
    size: input.size,
    flips: training.flips,
    distortion: training.augment,
    randomDepth: training.randomDepth,
    shuffleLabels: data.shuffleLabels,
  };
}
