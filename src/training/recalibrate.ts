/**
 * Batch-norm statistics of one path, from fixed training batches.
 *
 * The SuperNet's running statistics are shared by all paths and right for none. Before a path is judged,
 * its own are measured: one pass over a few batches, each normalised by its own statistics, the batches'
 * means and unbiased variances averaged. Then they are fixed. Running statistics are not touched.
 */
import { BatchStatisticsRecorder } from '../network/normalise.js';
import type { SuperNet } from '../network/supernet.js';
import { pathFeatures, uploadPath } from '../network/supernet.js';
import type { Genome } from '../space/genome.js';
import { pathLayout } from '../space/layout.js';
import { uploadVolumes } from '../tensor/rows.js';
import { freeingIntermediates, inScope } from '../tensor/scope.js';
import type { ImageShape } from './path-gradient.js';

/** Scans without labels: `images` row-major in `shape`. */
export interface ImageBatch {
  readonly images: Float32Array;
  readonly shape: ImageShape;
}

/** Path statistics `[path.statisticCount]` in path order; the caller's. Errors: RangeError without a batch. */
export function recalibrate(
  net: SuperNet,
  genome: Genome,
  parameters: Float32Array,
  batches: Iterable<ImageBatch>,
): Float32Array {
  const path = pathLayout(net.layout, net.space, genome);
  const sums = new Float64Array(path.statisticCount);
  let count = 0;
  inScope(() => {
    const { weights } = uploadPath(net, path, parameters);
    for (const { images, shape } of batches) {
      const recorder = new BatchStatisticsRecorder();
      try {
        inScope(() => {
          freeingIntermediates(
            () =>
              pathFeatures(net, genome, weights, recorder.normalise, {
                values: uploadVolumes(images, shape),
                depth: shape[1],
              }).values,
          );
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
