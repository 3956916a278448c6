/**
 * Logits of a path on scans, for the three ways of `evaluation.batchNorm`:
 *
 * - `recalibrate`: `predict` with the statistics of `recalibrate`;
 * - `running`: `predict` with the path's share of the SuperNet's running statistics (`runningStatistics`);
 * - `batch`: `predictTransductive`, normalised by the statistics of the scans themselves.
 *
 * With fixed statistics a scan's prediction never depends on its neighbours in the batch: not on who they
 * are, and, because scans then run one at a time, not by a bit on how many they are and in which order.
 * (TensorFlow's matrix products and means round differently with the number of rows.)
 */
import { BatchStatisticsRecorder, fixedStatistics } from '../network/normalise.js';
import type { SuperNet } from '../network/supernet.js';
import { pathLogits, uploadPath } from '../network/supernet.js';
import type { Genome } from '../space/genome.js';
import { gatherTensors, pathLayout } from '../space/layout.js';
import { uploadVolumes } from '../tensor/rows.js';
import { inScope, toFloats } from '../tensor/scope.js';
import type { ImageShape } from './path-gradient.js';

/** A path's share of the SuperNet's flat running statistics, in path order; the caller's. */
export function runningStatistics(net: SuperNet, genome: Genome, statistics: Float32Array): Float32Array {
  return gatherTensors(
    net.layout.statistics,
    pathLayout(net.layout, net.space, genome).statistics,
    statistics,
  );
}

/**
 * Logits `[batch, classes]` with fixed path statistics `[path.statisticCount]`; the caller's.
 * `scansPerPass` above 1 is for devices that need it: faster there, at the price of last bits that
 * depend on the batch.
 */
export function predict(
  net: SuperNet,
  genome: Genome,
  parameters: Float32Array,
  statistics: Float32Array,
  images: Float32Array,
  shape: ImageShape,
  options: { readonly scansPerPass: number } = { scansPerPass: 1 },
): Float32Array {
  const path = pathLayout(net.layout, net.space, genome);
  const classes = net.layout.classifier.outputs;
  const [scans, ...scan] = shape;
  const floats = scan.reduce((product, extent) => product * extent, 1);
  if (images.length !== scans * floats)
    throw new RangeError(
      `expected ${scans * floats} values for images [${shape.join(', ')}], got ${images.length}`,
    );
  const logits = new Float32Array(scans * classes);
  inScope(() => {
    const { weights } = uploadPath(net, path, parameters);
    const normalise = fixedStatistics(net.layout, path.statistics, statistics);
    for (let from = 0; from < scans; from += options.scansPerPass) {
      const count = Math.min(options.scansPerPass, scans - from);
      inScope(() => {
        const values = uploadVolumes(images.subarray(from * floats, (from + count) * floats), [
          count,
          ...scan,
        ]);
        logits.set(
          toFloats(pathLogits(net, genome, weights, normalise, { values, depth: scan[0] })),
          from * classes,
        );
      });
    }
  });
  return logits;
}

/**
 * Logits `[batch, classes]` normalised by the batch itself. Every scan's logits depend on the others:
 * give it batches in an order that does not follow the classes.
 */
export function predictTransductive(
  net: SuperNet,
  genome: Genome,
  parameters: Float32Array,
  images: Float32Array,
  shape: ImageShape,
): Float32Array {
  const recorder = new BatchStatisticsRecorder();
  try {
    return inScope(() => {
      const { weights } = uploadPath(net, pathLayout(net.layout, net.space, genome), parameters);
      return toFloats(
        pathLogits(net, genome, weights, recorder.normalise, {
          values: uploadVolumes(images, shape),
          depth: shape[1],
        }),
      );
    });
  } finally {
    recorder.dispose();
  }
}
