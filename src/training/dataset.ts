/**
 * The scans of a run as batches for TensorFlow: training batches drawn and augmented by key,
 * validation batches in one fixed order.
 *
 * Validation scans are ordered by content, not by name or folder, so that moving, renaming or
 * permuting scans cannot change a prediction.
 */
import type { Generator } from '../random/generator.js';
import { assembleBatch, meanAndStd } from './batch.js';
import type { ScanStore } from '../scan/store/store.js';
import { shuffleLabels } from './labels.js';

export interface DatasetOptions {
  readonly seed: number;
  readonly slices: number;
  readonly size: number;
  readonly flips: { readonly horizontal: boolean; readonly vertical: boolean };
  /** Draw the slices of a training scan at random instead of evenly. */
  readonly randomDepth: boolean;
  /** Negative control, see `shuffleLabels`. */
  readonly shuffleLabels: boolean;
}

export interface Batch {
  /** Standardised voxels `[n, slices, size, size]`. */
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** Class indices, one a scan. */
  readonly labels: Int32Array;
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

/** Mean and standard deviation of the voxels of D_train, in [0, 1] units. */
export interface Standardisation {
  readonly mean: number;
  readonly std: number;
}

export class Dataset {
  /** D_train ids, ascending. */
  readonly training: readonly string[];
  /** D_val ids, by content. */
  readonly validation: readonly string[];
  readonly standardisation: Standardisation;
  private readonly labels: ReadonlyMap<string, number>;

  constructor(
    private readonly store: ScanStore,
    sides: Sides,
    private readonly options: DatasetOptions,
    standardisation?: Standardisation,
  ) {
    const scans = new Map(store.scans.map((scan) => [scan.id, scan]));
    const contentOf = (id: string): string => scans.get(id)!.contentHash;
    this.training = [...sides.training].sort();
    this.validation = [...sides.validation].sort(
      (a, b) => compare(contentOf(a), contentOf(b)) || compare(a, b),
    );
    this.standardisation = standardisation ?? meanAndStd(store, this.training, options.slices);
    this.labels = new Map(
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
    return this.labels.get(id)!;
  }

  /** Scans of each class on the training side. */
  trainingCounts(): number[] {
    return this.classes.map((_, c) => this.training.filter((id) => this.label(id) === c).length);
  }

  /** A batch; with streams flipped and depth-sampled by them, without them as validation sees it. */
  batch(ids: readonly string[], streams?: Streams): Batch {
    const { slices, size, flips, randomDepth } = this.options;
    const { images } = assembleBatch(this.store, ids, {
      slices,
      size,
      ...this.standardisation,
      flips: streams === undefined ? { horizontal: false, vertical: false } : flips,
      ...(streams === undefined ? {} : { streamOf: streams.augment }),
      ...(streams === undefined || !randomDepth ? {} : { depthStreamOf: streams.depth }),
    });
    return {
      images,
      shape: [ids.length, slices, size, size],
      labels: Int32Array.from(ids, (id) => this.label(id)),
    };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
