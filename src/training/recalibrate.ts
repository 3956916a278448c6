/**
 * Batch-norm statistics of one path, from fixed training batches.
 *
 * The SuperNet's running statistics are shared by all paths and right for none. Before a path is judged,
 * its own are measured: one pass over a few batches, each normalised by its own statistics, the batches'
 * means and unbiased variances averaged. Then they are fixed. Running statistics are not touched.
 */
import { BatchStatisticsRecorder } from '../network/batch-statistics.js';
import type { Subnet } from '../network/supernet.js';
import { pathFeatures, uploadPath } from '../network/supernet.js';
import { uploadVolumes } from '../tensor/rows.js';
import { freeingIntermediates, inScope } from '../tensor/scope.js';
import type { ImageBatch } from './batch.js';
import { checkImages, checkParameters } from './sizes.js';

/** Path statistics `[path.statisticCount]` in path order; the caller's. Errors: RangeError without a batch. */
export function recalibrate(subnet: Subnet, batches: Iterable<ImageBatch>): Float32Array {
  const sums = new Float64Array(subnet.path.statisticCount);
  let count = 0;
  for (const statistics of statisticsOf(subnet, batches)) {
    statistics.forEach((value, index) => (sums[index]! += value));
    count++;
  }
  if (count === 0)
    throw new RangeError('expected at least one batch to recalibrate batch norm with, got none');
  return Float32Array.from(sums, (sum) => sum / count);
}

/** The statistics of each batch, by what the subnet is computed with. */
function* statisticsOf(subnet: Subnet, batches: Iterable<ImageBatch>): Iterable<Float32Array> {
  if (subnet.kernels != null) {
    checkParameters(subnet);
    for (const batch of batches) {
      checkImages(batch);
      yield subnet.kernels.batchStatistics(subnet, batch);
    }
    return;
  }
  yield* composedStatistics(subnet, batches);
}

/** All of them at once: weights are uploaded once, and a scope ends before anything is handed out. */
function composedStatistics(subnet: Subnet, batches: Iterable<ImageBatch>): Float32Array[] {
  const { path } = subnet;
  const all: Float32Array[] = [];
  inScope(() => {
    const { weights } = uploadPath(subnet);
    for (const { images, shape } of batches) {
      const recorder = new BatchStatisticsRecorder();
      const pass = { weights, normalise: recorder.normalise };
      try {
        inScope(() => {
          freeingIntermediates(() => {
            const volumes = { values: uploadVolumes(images, shape), depth: shape[1] };
            return pathFeatures(path, volumes, pass).values;
          });
        });
        all.push(recorder.read(path.statisticCount));
      } finally {
        recorder.dispose();
      }
    }
  });
  return all;
}
