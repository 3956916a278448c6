/** What a trainer knows of the learned state on its way in (joining.ts) or out (sharing.ts). */
import type { Assembly } from '../../gradient/chunks.js';

/**
 * Who is sent the state besides members that join: the evolution actor, which takes the snapshot of an epoch from
 * a trainer that has written it on another host. No worker may be called so.
 */
export const SNAPSHOT_KEEPER = 'evolution';

/** The learned state on its way in. */
export interface Incoming {
  readonly fence: number;
  /** The state after so many steps. */
  readonly step: number;
  /** Members asked in vain. */
  readonly tries: number;
  /** Filled in place, as it has the size of the learned state. */
  readonly assembly: Assembly;
  /** What the sender says of the whole; null before the first chunk. */
  readonly digest: string | null;
  /** Chunks asked for that have not come. */
  readonly due: number;
  /** Requests since the last chunk. */
  readonly unanswered: number;
  /** When a chunk last came, or was asked for. */
  readonly movedAt: number;
}

/** What it is asked for, and has at hand. */
export interface Sharing {
  /** Who asked for which chunks of the state after how many steps; the newest request of each. */
  readonly requests: ReadonlyMap<string, { readonly step: number; readonly chunks: readonly number[] }>;
  /** The step of the copy that was asked for and is not here yet. */
  readonly asked: number | null;
  readonly copy: StateCopy | null;
}

/** The learned state after `step` steps: the bytes of a snapshot, not to be changed. */
export interface StateCopy {
  readonly step: number;
  readonly words: Float32Array;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

export const nothingShared: Sharing = { requests: new Map(), asked: null, copy: null };
