/** What a slot is: its key, and the vector that comes out. No TensorFlow: bus threads import this. */
import type { PathLayout, SuperNetLayout } from '../space/layout.js';
import type { SearchSpace } from '../space/space.js';

export interface Net {
  readonly space: SearchSpace;
  readonly layout: SuperNetLayout;
}

export interface SlotKey {
  readonly epoch: number;
  /** Steps since the run began, and within the epoch. */
  readonly step: number;
  readonly stepInEpoch: number;
  readonly slot: number;
}

/** Floats of a slot's vector: gradient of the path, then its batch-norm statistics. */
export function slotFloats(path: PathLayout): number {
  return path.parameterCount + path.statisticCount;
}

/** Floats of the longest slot vector the net can have. */
export function maximumSlotFloats(net: Net): number {
  return net.layout.parameterCount + net.layout.statisticCount;
}

export interface ComputedSlot {
  readonly length: number;
  /** Why the vector is no gradient; '' when it is one. */
  readonly bad: string;
}
