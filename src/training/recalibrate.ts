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

/** Path statistics `[path.statisticCount]` in path order; the caller's. Errors: RangeError without a batch. */
export function recalibrate(subnet: Subnet, batches: Iterable<ImageBatch>): Float32Array {
  const { path } = subnet;
  const sums = new Float64Array(path.statisticCount);
  let count = 0;
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
        recorder.read(path.statisticCount).forEach((value, index) => (sums[index]! += value));
      } finally {
        recorder.dispose();
      }
      count++;
    }
  });
  if (count === 0)
    throw new RangeError('expected at least one batch to recalibrate batch norm with, got none');
  return Float32Array.from(sums, (sum) => sum / count);
}
