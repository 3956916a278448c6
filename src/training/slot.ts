/** One gradient slot, from its key to the vector that goes on the wire. */
import type { Subnet } from '../network/supernet.js';
import type { Batch } from './batch.js';
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
  /** Where the batch of a slot comes from; left out: it is assembled. */
  readonly batchOf?: (key: SlotKey) => Batch;
}

/** The scans of a slot, flipped and with slices chosen as its key says. */
export function slotBatch({ dataset, rules }: SlotSource, key: SlotKey): Batch {
  return dataset.batch(slotScans(rules, dataset.training, key), {
    augment: (scan) => augmentStream(rules, key, scan),
    depth: (scan) => depthStream(rules, key, scan),
  });
}

/** The same slot of the next step; null behind the last step of an epoch. */
export function nextSlot({ dataset, rules }: SlotSource, key: SlotKey): SlotKey | null {
  const stepInEpoch = key.stepInEpoch + 1;
  if ((stepInEpoch + 1) * rules.batch > dataset.training.length) return null;
  return { ...key, step: key.step + 1, stepInEpoch };
}

/**
 * Computes the slot of `key` into `out` (at least `path.vectorLength` long, owned by the caller). Reads
 * the subnet's parameters during the call only. A sender looks here for values that are not finite;
 * receivers trust no one and look again.
 */
export function computeSlot(
  source: SlotSource,
  subnet: Subnet,
  key: SlotKey,
  out: Float32Array,
): ComputedSlot {
  const { rules } = source;
  const batch = source.batchOf?.(key) ?? slotBatch(source, key);
  const shape = {
    samples: batch.labels.length,
    features: subnet.path.classifier.inputs,
    rate: rules.dropout,
  };
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
