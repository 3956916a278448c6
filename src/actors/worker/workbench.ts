/** What a trainer or evaluator works with: options, scans and net of a run folder or a workplace. No TensorFlow yet. */
import { loadOptions } from '../../config/load.js';
import type { Options } from '../../config/options.js';
import type { Kernels } from '../../kernels/kernels.js';
import { loadKernels } from '../../kernels/kernels.js';
import { SignalGuard } from '../../kernels/signal-guard.js';
import { linkedKernels } from '../../native/kernels.js';
import type { Net } from '../../space/cohort.js';
import { Dataset } from '../../training/dataset.js';
import { openSameScans } from '../setup/decoded-scans.js';
import { netOf } from '../setup/rules.js';
import { runFolder } from '../../run/folder.js';
import { readSides } from '../../run/sides.js';
import { readWorkplace } from '../../run/workplace.js';
import { trace } from '../../runtime/trace/trace.js';
import { openWorkplaceScans } from './workplace-scans.js';

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
  const from = trace.now();
  const folder = runFolder(root);
  const options = loadOptions({ file: folder.config });
  const place = await readWorkplace(root);
  const store =
    place === null
      ? await openSameScans(folder, options, options.data.path ?? folder.phantoms)
      : await openWorkplaceScans(root, place, options);
  const dataset = new Dataset(store, await readSides(folder.split), datasetOptions(options));
  trace.span('start', 'open scans', from);
  return {
    options,
    dataset,
    net: netOf(options, store.classes.length),
    kernels: addon === null ? null : loadKernels(addon, options.engine.threads),
    signals: new SignalGuard(addon ?? (await linkedKernels())?.path ?? null),
  };
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
