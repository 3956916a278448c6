/**
 * Memory that training takes, by arithmetic alone, so that it can be said before it starts. A step holds the
 * feature maps of one micro-batch of one network at a time, and the weights of all.
 */
import type { Options } from '../../config/options.js';
import { baselineOnScans } from '../../network/baselines/member.js';
import { baselineCost } from '../../network/baselines/cost.js';
import { CHANNELS } from '../../network/baselines/catalogue.js';
import { baselineOf } from '../../space/baseline-names.js';
import { pathCost } from '../../space/cost.js';
import type { Genome } from '../../space/genome.js';
import type { Operation, SearchSpace } from '../../space/space.js';
import { blockCount } from '../../space/space.js';
import { longestVector } from '../../space/cohort.js';
import { learnedBytes, snapshotBytes } from '../../training/replica.js';
import { netOf, optimizerOf, spaceOf } from './rules.js';

/**
 * Bytes kept for each byte of a convolution's output, and bytes that a process takes besides; measured on
 * paths of the paper's space at 40 x 128 x 128, 40 x 256 x 256 and 32 x 512 x 512.
 */
const KEPT = {
  native: { share: 2.5, besides: 0.2e9 },
  tensorflow: { share: 7.7, besides: 0.6e9 },
} as const;

/** Classes matter to the last layer alone. */
const SOME_CLASSES = 2;

/** Bytes of one trainer, about. */
export function trainerMemory(options: Options, arithmetic: keyof typeof KEPT): number {
  const { cohort, input, training } = options;
  const space = spaceOf(options, SOME_CLASSES);
  const convolved = (cohort ?? uniformGenomes(space)).map((member) => {
    const baseline = baselineOf(member);
    return baseline === null
      ? pathCost(space, member as Genome, input).convolved
      : baselineCost(baselineOnScans(baseline, SOME_CLASSES), input, CHANNELS).convolved;
  });
  const net = netOf(options, SOME_CLASSES);
  const { share, besides } = KEPT[arithmetic];
  const scans = training.batch / training.microBatches;
  // A sum of gradients, and the vector of a slot where it is made, sent and received.
  const vectors = 4 * (net.layout.parameterCount + 3 * longestVector(net));
  const maps = 4 * share * scans * Math.max(0, ...convolved);
  return besides + maps + vectors + learnedBytes(net.layout, optimizerOf(options));
}

/** One genome an operation, everywhere the same: the most demanding network of a space is among them. */
function uniformGenomes(space: SearchSpace): Genome[] {
  return space.operations.map((operation) => Array<Operation>(blockCount(space)).fill(operation));
}

/** Bytes of one snapshot of what the run trains. */
export function snapshotMemory(options: Options): number {
  return snapshotBytes(netOf(options, SOME_CLASSES).layout, optimizerOf(options));
}

export const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
