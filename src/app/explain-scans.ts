/** Which parts of a scan speak for a class: the map, its files, and how it agrees with a mask. */
import { join } from 'node:path';
import { classActivationMap, contrasted, type Volume } from '../explain/class-activation.js';
import { pointing, type Pointing } from '../explain/pointing.js';
import { clearUnseen, scanGrid } from '../explain/scan-grid.js';
import { upsample, type FeatureGrid } from '../explain/upsample.js';
import type { Model } from '../model/read-model.js';
import { readScan } from '../scan/readers/read-scan.js';
import { lungWindow } from '../scan/store/window.js';
import { networkFeatures } from '../training/network-gradient.js';
import { wholeFolder, writeHeat } from './explain-files.js';
import { maskOf, readMask } from './explain-masks.js';
import type { ExplainRecord } from './explain-record.js';
import { readRecord, writeRecord } from './explain-record.js';
import { predictPrepared, preparedScan } from './predict-scans.js';
import { flippedStack, VIEWS } from './views.js';
import type { NamedScan } from './scan-batch.js';

export interface ExplainRequest {
  /** Where the folders of scans go. */
  readonly out: string;
  /** Class to explain; null: the predicted one. */
  readonly asked: string | null;
  /** Folder of masks. */
  readonly masks: string | null;
}

/** A scan that is explained, and where. */
export interface Explained extends ExplainRecord {
  readonly folder: string;
}

/**
 * Writes a folder for the scan, or leaves the one that an earlier call with the same request finished. To be
 * called where TensorFlow may run. Errors: ScanError; Node's own for the disk.
 */
export async function explainScan(
  model: Model,
  scan: NamedScan,
  request: ExplainRequest,
): Promise<Explained> {
  const { asked, masks } = request;
  const folder = join(request.out, `scan-${String(scan.index).padStart(4, '0')}`);
  const { sha256 } = model.document.weights;
  const mask = masks === null ? null : maskOf(masks, scan.path);
  const before = await readRecord(folder);
  if (before?.scan === scan.name && before.model === sha256 && before.asked === asked && before.mask === mask)
    return { ...before, folder };
  const { classes, preprocessing } = model.document;
  const prepared = await preparedScan(model, scan);
  const prediction = predictPrepared(model, prepared);
  const explained = asked ?? prediction.class;
  const window = { ...lungWindow, ...preprocessing.window };
  const volume = await readScan(scan.root, scan, { window });
  const map = scanMap(model, prepared.image, classes.indexOf(explained), volume.shape);
  const marked = mask === null ? null : await readMask(masks!, mask, volume.shape);
  const record: ExplainRecord = {
    format: 1,
    scan: scan.name,
    model: sha256,
    asked,
    mask,
    ...prediction,
    probabilities: { ...prediction.probabilities },
    warnings: [...prediction.warnings],
    explained,
    slices: volume.shape[0],
    pointing: marked === null ? null : pointingOf(model, map, marked),
  };
  await wholeFolder(folder, async (draft) => {
    await writeHeat(draft, volume, map, explained);
    await writeRecord(draft, record);
  });
  return { ...record, folder };
}

/**
 * The map of class `column` at each voxel of a scan of `shape`, in units of logits above the mean of all
 * classes: the mean of the scan's and of its flips' in the plane, each turned back. Features of a flip lie
 * between those of the scan, and what hangs on how a lesion meets the strides differs from one to the other.
 * `image`: the scan as the network sees it. To be called where TensorFlow may run.
 */
export function scanMap(model: Model, image: Float32Array, column: number, shape: Volume['shape']): Volume {
  const { document, network, weights } = model;
  const { input, classes } = document;
  const { offset, size } = network.layout.parameters[network.layout.classifier.weight]!;
  const classifier = contrasted(weights.parameters.subarray(offset, offset + size), classes.length);
  const grid = gridOf(model, shape);
  const sum = new Float32Array(shape[0] * shape[1] * shape[2]);
  for (const flips of VIEWS) {
    const seen = flippedStack(image, [input.slices, input.size, input.size], flips);
    const features = networkFeatures(network, weights, seen, [input.slices, input.size, input.size]);
    const view = upsample(classActivationMap(features, classifier, column), grid, shape);
    const back = flippedStack(view.values, shape, flips);
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + back[i]! / VIEWS.length;
  }
  const map = { shape, values: sum };
  clearUnseen(map, input.crop);
  return map;
}

/** How the map agrees with marked voxels; it can point as exactly as half the distance of its positions. */
export function pointingOf(model: Model, map: Volume, marked: ArrayLike<number>): Pointing | null {
  const [depth, height, width] = gridOf(model, map.shape);
  return pointing(map, marked, [depth.stride / 2, height.stride / 2, width.stride / 2]);
}

const gridOf = ({ network, document }: Model, shape: Volume['shape']): FeatureGrid =>
  scanGrid(network.grid, document.input, shape);
