/**
 * The scans of a run as batches for TensorFlow: training batches drawn and augmented by key,
 * validation batches in one fixed order.
 *
 * Validation scans are ordered by content, not by name or folder, so that moving, renaming or
 * permuting scans cannot change a prediction.
 */
import type { Generator } from '../random/generator.js';
import { codeUnitOrder } from '../scan/catalogue/natural-order.js';
import type { ScanStore } from '../scan/store/store.js';
import type { Flips } from './augment.js';
import type { DistortionLimits } from './distort.js';
import type { Batch, Standardisation } from './batch.js';
import { assembleImages, meanAndStd } from './batch.js';
import { shuffleLabels } from './labels.js';

export interface DatasetOptions {
  readonly seed: number;
  readonly slices: number;
  readonly size: number;
  readonly flips: Flips;
  /** Of training scans; null: none. */
  readonly distortion: DistortionLimits | null;
  /** Draw the slices of a training scan at random instead of evenly. */
  readonly randomDepth: boolean;
  /** Negative control, see `shuffleLabels`. */
  readonly shuffleLabels: boolean;
}

export interface Sides {
  /** Ids of D_train and of what is predicted on: D_val, or the scans of another folder. */
  readonly training: readonly string[];
  readonly validation: readonly string[];
}

export interface Streams {
  readonly augment: (scan: string) => Generator;
  readonly depth: (scan: string) => Generator;
}

export class Dataset {
  /** D_train ids, ascending. */
  readonly training: readonly string[];
  /** D_val ids, by content. */
  readonly validation: readonly string[];
  /** Of the voxels of D_train, which the store gives in [0, 1]. */
  readonly standardisation: Standardisation;
  private readonly labelById: ReadonlyMap<string, number>;

  constructor(
    private readonly store: ScanStore,
    sides: Sides,
    private readonly options: DatasetOptions,
  ) {
    const scans = new Map(store.scans.map((scan) => [scan.id, scan]));
    const contentOf = (id: string): string => scans.get(id)!.contentHash;
    this.training = [...sides.training].sort();
    this.validation = [...sides.validation].sort(
      (a, b) => codeUnitOrder(contentOf(a), contentOf(b)) || codeUnitOrder(a, b),
    );
    this.standardisation = meanAndStd(store, this.training, options.slices);
    this.labelById = new Map(
      [this.training, this.validation].flatMap((ids) => this.labelled(ids, (id) => scans.get(id)!.label)),
    );
  }

  get classes(): readonly string[] {
    return this.store.classes;
  }

  private labelled(ids: readonly string[], labelOf: (id: string) => number): [string, number][] {
    const labels = ids.map(labelOf);
    const used = this.options.shuffleLabels
      ? shuffleLabels(this.options.seed, labels, this.store.classes.length)
      : labels;
    return ids.map((id, i) => [id, used[i]!]);
  }

  /** Class index of a scan, as training sees it. */
  label(id: string): number {
    return this.labelById.get(id)!;
  }

  /** Class indices of scans, in their order. */
  labelsOf(ids: readonly string[]): Int32Array {
    return Int32Array.from(ids, (id) => this.label(id));
  }

  /** Scans of each class on the training side. */
  trainingCounts(): number[] {
    return this.classes.map((_, c) => this.training.filter((id) => this.label(id) === c).length);
  }

  /** A batch; with streams flipped and depth-sampled by them, without them as validation sees it. */
  batch(ids: readonly string[], streams?: Streams): Batch {
    const { slices, size, flips, distortion, randomDepth } = this.options;
    const { images, shape } = assembleImages(this.store, ids, {
      slices,
      size,
      ...this.standardisation,
      flips: streams === undefined ? { horizontal: false, vertical: false } : flips,
      ...(streams === undefined || distortion === null ? {} : { distortion }),
      ...(streams === undefined ? {} : { streamOf: streams.augment }),
      ...(streams === undefined || !randomDepth ? {} : { depthStreamOf: streams.depth }),
    });
    return { images, shape, labels: this.labelsOf(ids) };
  }
}
