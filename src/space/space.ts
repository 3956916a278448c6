/**
 * The search space as data: which networks exist (paper section III, Fig. 1).
 *
 * stem → N cells → head → classifier. Cell i is one calibration block (1x1x1 convolution, stride S_i,
 * width C_i) followed by B_i searchable blocks of stride 1 and width C_i. Every searchable block is
 * one of the candidate operations.
 */

/** Mobile inverted bottleneck with kernel k and expansion e (paper Fig. 2), or the identity. */
export type Operation = 'skip' | `mb_k${number}_e${number}`;

export interface SearchSpace {
  /** Channels of the stem convolution F, ≥ 1. */
  readonly stem: number;
  /** C_i: channels of each cell; as many as cells. */
  readonly widths: readonly number[];
  /** S_i: stride of each calibration block, 1 or 2. */
  readonly strides: readonly number[];
  /** B_i: searchable blocks of each cell, ≥ 1. */
  readonly blocks: readonly number[];
  /** Candidate operations, each once, in a fixed order: a one-hot code is a position in this list. */
  readonly operations: readonly Operation[];
  /** Channels of the 1x1x1 head convolution. */
  readonly head: number;
  /** Classes of the classifier, ≥ 2. */
  readonly classes: number;
}

export interface MobileBlock {
  readonly kernel: number;
  readonly expansion: number;
}

/** Kernel and expansion of an operation; null for `skip`. Errors: RangeError on any other text. */
export function parseOperation(operation: string): MobileBlock | null {
  if (operation === 'skip') return null;
  const match = /^mb_k([1-9]\d?)_e([1-9]\d?)$/.exec(operation);
  if (match === null)
    throw new RangeError(`expected an operation like "skip" or "mb_k3_e6", got "${operation}"`);
  const kernel = Number(match[1]);
  if (kernel % 2 === 0) throw new RangeError(`expected an odd kernel, got ${kernel} in "${operation}"`);
  return { kernel, expansion: Number(match[2]) };
}

/** Number of searchable blocks, the length of a genome. */
export function blockCount(space: SearchSpace): number {
  return space.blocks.reduce((sum, blocks) => sum + blocks, 0);
}
