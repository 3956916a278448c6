/**
 * Which scans a slot trains on, and how they are changed: a function of (seed, epoch, step, slot).
 *
 * An epoch is one pass over the training scans in a drawn order; a last partial batch is left out.
 * The B individuals of a step see the same mini-batch (X, Y of paper Eq. 2 do not depend on the
 * individual); a mini-batch may be cut into micro-batches, each a slot with its own batch-norm
 * statistics. Flips, depth sampling and dropout are drawn anew for every slot.
 */
import { slotPosition } from '../gradient/slots.js';
import { generator } from '../random/generator.js';
import type { Generator } from '../random/generator.js';

export interface SamplingRules {
  readonly seed: number;
  /** Scans of a mini-batch. */
  readonly batch: number;
  /** Pieces of a mini-batch; divides `batch`. */
  readonly microBatches: number;
}

/** Names a slot of a run: what it computes follows from this and the rules alone. */
export interface SlotKey {
  readonly epoch: number;
  /** Steps since the run began, and within the epoch. */
  readonly step: number;
  readonly stepInEpoch: number;
  readonly slot: number;
}

/** Scan ids of a slot, `batch / microBatches` of them. `training`: all training ids in a fixed order. */
export function slotScans(
  rules: SamplingRules,
  training: readonly string[],
  { epoch, stepInEpoch, slot }: Pick<SlotKey, 'epoch' | 'stepInEpoch' | 'slot'>,
): string[] {
  const order = generator(rules.seed, 'order', epoch).permutation(training.length);
  const size = rules.batch / rules.microBatches;
  const start = stepInEpoch * rules.batch + slotPosition(rules, slot).microBatch * size;
  return order.slice(start, start + size).map((position) => training[position]!);
}

/** Flips of one scan of a slot. */
export function augmentStream(
  rules: SamplingRules,
  { step, slot }: Pick<SlotKey, 'step' | 'slot'>,
  scan: string,
): Generator {
  return generator(rules.seed, 'augment', step, slot, scan);
}

/** Depth sampling of one scan of a slot. */
export function depthStream(
  rules: SamplingRules,
  { step, slot }: Pick<SlotKey, 'step' | 'slot'>,
  scan: string,
): Generator {
  return generator(rules.seed, 'resample', step, slot, scan);
}

/** Dropout mask `[samples][features]` of a slot: 0 with probability `rate`, else 1 / (1 - rate). */
export function dropoutMask(
  rules: SamplingRules,
  { step, slot }: Pick<SlotKey, 'step' | 'slot'>,
  { samples, features, rate }: { readonly samples: number; readonly features: number; readonly rate: number },
): Float32Array {
  const random = generator(rules.seed, 'dropout', step, slot);
  return Float32Array.from({ length: samples * features }, () => (random.chance(rate) ? 0 : 1 / (1 - rate)));
}

/** Training scans that batch-norm statistics are recalibrated on, `batches` rows of at most `batch` ids. */
export function recalibrationScans(
  { seed, batch, batches }: { readonly seed: number; readonly batch: number; readonly batches: number },
  training: readonly string[],
  epoch: number,
): string[][] {
  const order = generator(seed, 'recalibrate', epoch).permutation(training.length);
  return Array.from({ length: batches }, (_, row) =>
    order.slice(row * batch, (row + 1) * batch).map((position) => training[position]!),
  ).filter((row) => row.length > 0);
}
