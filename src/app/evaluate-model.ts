/** Figures of a trained model on the scans of a folder: `emars evaluate MODEL --data DIR`. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EvaluationUnfit } from '../library/evaluate-scans.js';
import { scanCacheFolder } from '../actors/setup/decoded-scans.js';
import { auc } from '../metrics/auc.js';
import type { ScoreReport } from '../metrics/scores.js';
import { MODEL_FILE } from '../model/write-model.js';
import { readModel } from '../model/read-model.js';
import { figuresOf, predictLogits } from '../retraining/predictions.js';
import { openScanStore } from '../scan/store/store.js';
import { lungWindow } from '../scan/store/window.js';

/** What `--json` prints. */
export interface ModelEvaluation extends ScoreReport {
  readonly classes: readonly string[];
  readonly positive: string;
  /** AUC of the number of slices alone, the better way round; null with one class of scans. */
  readonly sliceCountAuc: number | null;
}

/** True for a model.json, and for a folder that holds one. */
export function isModel(path: string): boolean {
  return basename(path) === MODEL_FILE || existsSync(join(path, MODEL_FILE));
}

/** To be called where TensorFlow may run. Errors: ModelError, EvaluationUnfit, those of the scans. */
export async function evaluateModel(
  path: string,
  data: string,
  progressOf: (what: string) => (done: number, total: number) => void,
): Promise<ModelEvaluation> {
  const { document, network, weights } = await readModel(path);
  const { classes, input, preprocessing, temperature, training } = document;
  const store = await openScanStore({
    root: data,
    size: input.size,
    crop: input.crop,
    window: { ...lungWindow, ...preprocessing.window },
    cacheDir: scanCacheFolder(),
    threads: 2,
    onProgress: progressOf('reading scans'),
  });
  const foreign = store.classes.filter((name) => !classes.includes(name));
  if (foreign.length > 0)
    throw new EvaluationUnfit(
      `expected scans of the classes ${classes.join(', ')}, got ${foreign.join(', ')} in ${data}`,
    );
  const predictor = { network, weights, slices: input.slices, standardisation: preprocessing };
  const logits = predictLogits(predictor, store, store.scans, progressOf('predicting'));
  const positive = document.positive ?? classes.at(-1)!;
  const report = figuresOf(logits, store.scans, {
    classes,
    positive: classes.indexOf(positive),
    temperature: temperature ?? 1,
    seed: training.seed,
  });
  const bySlices = auc(
    store.scans.map(({ depth }) => depth),
    store.scans.map((scan) => scan.class === positive),
  );
  const sliceCountAuc = bySlices === null ? null : Math.max(bySlices, 1 - bySlices);
  return { classes, positive, ...report, sliceCountAuc };
}
