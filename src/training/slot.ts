/** One gradient slot, from its key to the vector that goes on the wire. */
import type { Subnet } from '../network/supernet.js';
import type { Dataset } from './dataset.js';
import { pathGradient } from './path-gradient.js';
import type { SamplingRules, SlotKey } from './samples.js';
import { augmentStream, depthStream, dropoutMask, slotScans } from './samples.js';

export interface TrainingRules extends SamplingRules {
  /** Dropout before the classifier, 0…1. */
  readonly dropout: number;
  /** Weight of each class in the loss; null: equal. */
  readonly classWeights: Float32Array | null;
  readonly labelSmoothing: number;
}

export interface ComputedSlot {
  /** Floats of the vector. */
  readonly length: number;
  /** Why the vector is no gradient; null when it is one. */
  readonly bad: string | null;
}

/** Makes slots of a run: its scans and rules. */
export interface SlotSource {
  readonly dataset: Dataset;
  readonly rules: TrainingRules;
}

/**
 * Computes the slot of `key` into `out` (at least `path.vectorLength` long, owned by the caller). Reads
 * the subnet's parameters during the call only. A sender looks here for values that are not finite;
 * receivers trust no one and look again.
 */
export function computeSlot(
  { dataset, rules }: SlotSource,
  subnet: Subnet,
  key: SlotKey,
  out: Float32Array,
): ComputedSlot {
  const ids = slotScans(rules, dataset.training, key);
  const batch = dataset.batch(ids, {
    augment: (scan) => augmentStream(rules, key, scan),
    depth: (scan) => depthStream(rules, key, scan),
  });
  const shape = { samples: ids.length, features: subnet.path.classifier.inputs, rate: rules.dropout };
  const { firstBad } = pathGradient(
    subnet,
    batch,
    {
      ...(rules.dropout > 0 ? { dropoutMask: dropoutMask(rules, key, shape) } : {}),
      ...(rules.classWeights === null ? {} : { classWeights: rules.classWeights }),
      labelSmoothing: rules.labelSmoothing,
    },
    out,
  );
  const length = subnet.path.vectorLength;
  return { length, bad: firstBad < 0 ? null : `value ${firstBad} of ${length} is ${out[firstBad]!}` };
}
