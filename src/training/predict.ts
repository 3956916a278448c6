/**
 * Logits of a path on scans, for the three ways of `evaluation.batchNorm`:
 *
 * - `recalibrate`: `predict` with the statistics of `recalibrate`;
 * - `running`: `predict` with the path's share of the SuperNet's running statistics (`runningStatistics`);
 * - `batch`: `predictTransductive`, normalised by the statistics of the scans themselves.
 *
 * With fixed statistics a scan's prediction never depends on its neighbours in the batch.
 */
import type { Normalise } from '../network/blocks.js';
import { BatchStatisticsRecorder, fixedStatistics } from '../network/normalise.js';
import type { SuperNet } from '../network/supernet.js';
import { pathLogits, uploadPath } from '../network/supernet.js';
import type { Genome } from '../space/genome.js';
import { gatherTensors, pathLayout } from '../space/layout.js';
import { uploadVolumes } from '../tensor/rows.js';
import { inScope, toFloats } from '../tensor/scope.js';
import type { ImageShape } from './path-gradient.js';

function logitsWith(net: SuperNet, genome: Genome, parameters: Float32Array, normalise: () => Normalise, images: Float32Array, shape: ImageShape): Float32Array {
  const path = pathLayout(net.layout, net.space, genome);
  return inScope(() => {
    const { weights } = uploadPath(net, path, parameters);
    return toFloats(pathLogits(net, genome, weights, normalise(), { values: uploadVolumes(images, shape), depth: shape[1] }));
  });
}

/** A path's share of the SuperNet's flat running statistics, in path order; the caller's. */
export function runningStatistics(net: SuperNet, genome: Genome, statistics: Float32Array): Float32Array {
  return gatherTensors(net.layout.statistics, pathLayout(net.layout, net.space, genome).statistics, statistics);
}

/** Logits `[batch, classes]` with fixed path statistics `[path.statisticCount]`; the caller's. */
export function predict(net: SuperNet, genome: Genome, parameters: Float32Array, statistics: Float32Array, images: Float32Array, shape: ImageShape): Float32Array {
  const path = pathLayout(net.layout, net.space, genome);
  return logitsWith(net, genome, parameters, () => fixedStatistics(net.layout, path.statistics, statistics), images, shape);
}

/**
 * Logits `[batch, classes]` normalised by the batch itself. Every scan's logits depend on the others:
 * give it batches in an order that does not follow the classes.
 */
export function predictTransductive(net: SuperNet, genome: Genome, parameters: Float32Array, images: Float32Array, shape: ImageShape): Float32Array {
  const recorder = new BatchStatisticsRecorder();
  try {
    return logitsWith(net, genome, parameters, () => recorder.normalise, images, shape);
  } finally {
    recorder.dispose();
  }
}
