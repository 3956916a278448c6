/**
 * Logits of a path on scans, for the three ways of `evaluation.batchNorm`:
 *
 * - `recalibrate`: `predict` with the statistics of `recalibrate`;
 * - `running`: `predict` with the path's share of the SuperNet's running statistics (`gatherTensors`);
 * - `batch`: `predictTransductive`, normalised by the statistics of the scans themselves.
 *
 * With fixed statistics a scan's prediction never depends on its neighbours in the batch: not on who they
 * are, and, because scans then run one at a time, not by a bit on how many they are and in which order.
 * (TensorFlow's matrix products and means round differently with the number of rows. The native kernels'
 * do not: they take several scans at once.)
 */
import { BatchStatisticsRecorder, fixedStatistics } from '../network/batch-statistics.js';
import type { Subnet } from '../network/supernet.js';
import { pathLogits, uploadPath } from '../network/supernet.js';
import { uploadVolumes } from '../tensor/rows.js';
import { inScope, toFloats } from '../tensor/scope.js';
import type { ImageBatch } from './batch.js';
import { checkImages, checkParameters, checkStatistics } from './sizes.js';

/**
 * Logits `[batch, classes]` with fixed path statistics `[path.statisticCount]`; the caller's.
 * `scansPerPass` above 1 is for devices that need it: faster there, at the price of last bits that
 * depend on the batch. Errors: RangeError where sizes do not fit.
 */
export function predict(
  subnet: Subnet,
  statistics: Float32Array,
  { images, shape }: ImageBatch,
  { scansPerPass }: { readonly scansPerPass: number } = { scansPerPass: 1 },
): Float32Array {
  const { layout } = subnet.net;
  const classes = subnet.path.classifier.outputs;
  const [scans, ...scan] = shape;
  const floats = scan.reduce((product, extent) => product * extent, 1);
  checkImages({ images, shape });
  if (subnet.kernels != null) {
    checkParameters(subnet);
    checkStatistics(subnet, statistics);
    return subnet.kernels.logits(subnet, statistics, { images, shape });
  }
  const logits = new Float32Array(scans * classes);
  inScope(() => {
    const { weights } = uploadPath(subnet);
    const pass = { weights, normalise: fixedStatistics(layout, subnet.path.statistics, statistics) };
    for (let from = 0; from < scans; from += scansPerPass) {
      const count = Math.min(scansPerPass, scans - from);
      inScope(() => {
        const values = uploadVolumes(images.subarray(from * floats, (from + count) * floats), [
          count,
          ...scan,
        ]);
        logits.set(toFloats(pathLogits(subnet, { values, depth: scan[0] }, pass)), from * classes);
      });
    }
  });
  return logits;
}

/**
 * Logits `[batch, classes]` normalised by the batch itself. Every scan's logits depend on the others:
 * give it batches in an order that does not follow the classes.
 */
export function predictTransductive(subnet: Subnet, { images, shape }: ImageBatch): Float32Array {
  if (subnet.kernels != null) {
    checkParameters(subnet);
    checkImages({ images, shape });
    return subnet.kernels.batchLogits(subnet, { images, shape });
  }
  const recorder = new BatchStatisticsRecorder();
  try {
    return inScope(() => {
      const pass = { weights: uploadPath(subnet).weights, normalise: recorder.normalise };
      const values = uploadVolumes(images, shape);
      return toFloats(pathLogits(subnet, { values, depth: shape[1] }, pass));
    });
  } finally {
    recorder.dispose();
  }
}
