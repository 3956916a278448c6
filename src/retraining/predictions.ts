/** What a network that stands alone says about scans: logits, and figures with intervals by patient. */
import { BOOTSTRAP_DEFAULTS } from '../metrics/bootstrap.js';
import type { ScoreReport } from '../metrics/scores.js';
import { scoreReport } from '../metrics/scores.js';
import { probabilitiesOf } from '../metrics/softmax.js';
import type { PredictedScan } from '../model/stored-predictions.js';
import type { Network, NetworkWeights } from '../network/network.js';
import type { ScanStore, StoredScan } from '../scan/store/store.js';
import type { Standardisation } from '../training/batch.js';
import { assembleImages } from '../training/batch.js';
import { networkPredictions } from '../training/network-gradient.js';

export interface Predictor {
  readonly network: Network;
  readonly weights: NetworkWeights;
  readonly slices: number;
  readonly standardisation: Standardisation;
}

/** Scans in memory at once; they are predicted one at a time. */
const AT_ONCE = 8;

/** Logits `[scans][classes]`, in the order of `scans`. To be called where TensorFlow may run. */
export function predictLogits(
  { network, weights, slices, standardisation }: Predictor,
  store: ScanStore,
  scans: readonly StoredScan[],
  onProgress?: (done: number, total: number) => void,
): Float32Array {
  const classes = network.layout.classifier.outputs;
  const logits = new Float32Array(scans.length * classes);
  for (let from = 0; from < scans.length; from += AT_ONCE) {
    const ids = scans.slice(from, from + AT_ONCE).map(({ id }) => id);
    const batch = assembleImages(store, ids, { slices, size: store.size, ...standardisation });
    logits.set(networkPredictions(network, weights, batch), from * classes);
    onProgress?.(from + ids.length, scans.length);
  }
  return logits;
}

export interface FigureOptions {
  readonly classes: readonly string[];
  /** Index of the positive class. */
  readonly positive: number;
  readonly temperature: number;
  readonly seed: number;
}

/** Figures of logits on scans whose class is known. */
export function figuresOf(
  logits: Float32Array,
  scans: readonly StoredScan[],
  { classes, positive, temperature, seed }: FigureOptions,
): ScoreReport {
  const predictions = {
    classes: classes.length,
    labels: scans.map((scan) => classes.indexOf(scan.class)),
    probabilities: probabilitiesOf(logits, classes.length, temperature),
  };
  const patients = scans.map(({ patient }) => patient);
  return scoreReport(predictions, patients, positive, { ...BOOTSTRAP_DEFAULTS, seed });
}

/** The same as rows that are kept beside the model, in the order of `scans`. */
export function predictedScans(
  logits: Float32Array,
  scans: readonly StoredScan[],
  { classes, temperature }: Pick<FigureOptions, 'classes' | 'temperature'>,
): PredictedScan[] {
  const all = probabilitiesOf(logits, classes.length, temperature);
  return scans.map((scan, row) => ({
    scan: scan.id,
    patient: scan.patient,
    class: scan.class,
    probabilities: [...all.subarray(row * classes.length, (row + 1) * classes.length)],
  }));
}
