/**
 * An epoch begins again from the snapshot before it. Replay mends a chance fault; what comes again and
 * again would only repeat itself, so the machines ask `mayReplay` first where another try may fail alike.
 */
import type { SearchState } from '../../search/state.js';
import type { Turn } from './turn.js';

/** Rollbacks of a run after which one more fault of its replicas or snapshots ends it. */
const ROLLBACKS = 20;

export function mayReplay({ rollbacks }: SearchState): boolean {
  return rollbacks < ROLLBACKS;
}

/** Voids the steps of the epoch under way; the caller becomes idle. */
export function rollBack(turn: Turn, reason: string): void {
  const { epoch, fence } = turn.search;
  turn.say(`epoch ${epoch} begins again: ${reason}`);
  turn.commit({ type: 'rolled-back', epoch, reason });
  // A new fence makes every message about the void steps an old one.
  turn.commit({ type: 'fence-raised', fence: fence + 1 });
}
