/** One gradient slot, from its key to the vector that goes on the wire. */
import { firstNonFinite } from '../gradient/chunks.js';
import type { Genome } from '../space/genome.js';
import { pathLayout } from '../space/layout.js';
import type { Dataset } from './dataset.js';
import { pathGradient } from './path-gradient.js';
import type { SamplingRules } from './samples.js';
import { augmentStream, depthStream, dropoutMask, slotScans } from './samples.js';
import type { ComputedSlot, Net, SlotKey } from './slot-vector.js';
import { slotFloats } from './slot-vector.js';

export interface TrainingRules extends SamplingRules {
  /** Dropout before the classifier, 0…1. */
  readonly dropout: number;
  /** Weight of each class in the loss; null: equal. */
  readonly classWeights: Float32Array | null;
}

/**
 * Computes the slot of `key` for `genome` into `out` (at least `slotFloats` long, owned by the
 * caller). Reads `parameters` (flat, all tensors) during the call only.
 */
export function computeSlot(
  net: Net,
  dataset: Dataset,
  rules: TrainingRules,
  key: SlotKey,
  genome: Genome,
  parameters: Float32Array,
  out: Float32Array,
): ComputedSlot {
  const { epoch, step, stepInEpoch, slot } = key;
  const ids = slotScans(rules, dataset.training, epoch, stepInEpoch, slot);
  const batch = dataset.batch(ids, {
    augment: (scan) => augmentStream(rules, step, slot, scan),
    depth: (scan) => depthStream(rules, step, slot, scan),
  });
  const { gradient, statistics } = pathGradient(net, genome, parameters, {
    ...batch,
    ...(rules.dropout > 0
      ? { dropoutMask: dropoutMask(rules, step, slot, ids.length, net.space.head, rules.dropout) }
      : {}),
    ...(rules.classWeights === null ? {} : { classWeights: rules.classWeights }),
  });
  const path = pathLayout(net.layout, net.space, genome);
  out.set(gradient, 0);
  out.set(statistics, path.parameterCount);
  const length = slotFloats(path);
  const position = firstNonFinite(out.subarray(0, length));
  return { length, bad: position < 0 ? '' : `value ${position} of ${length} is ${out[position]!}` };
}
