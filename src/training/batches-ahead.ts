/**
 * Batches of slots before they are asked for. A trainer is likely to compute the same slot of the next step,
 * and has nothing to do while gradients are exchanged. What a batch holds follows from its key alone: a guess
 * that is wrong costs time, and changes nothing.
 */
import type { Batch } from './batch.js';
import type { SlotKey } from './samples.js';

/** Batches that are held at most: those of the slots that one trainer computes in a step. */
const MOST = 4;

export class BatchesAhead {
  private readonly held = new Map<string, Batch>();

  /** @param assemble the batch of a slot. */
  constructor(private readonly assemble: (key: SlotKey) => Batch) {}

  /** The batch of a slot, assembled now if it is not there; the caller's from now on. */
  take(key: SlotKey): Batch {
    const name = nameOf(key);
    const batch = this.held.get(name) ?? this.assemble(key);
    this.held.delete(name);
    return batch;
  }

  /** Errors: none; who takes the batch meets them. */
  prepare(key: SlotKey): void {
    const name = nameOf(key);
    if (this.held.has(name)) return;
    // Oldest first: guesses that nobody took.
    for (const old of [...this.held.keys()].slice(0, Math.max(0, this.held.size - MOST + 1)))
      this.held.delete(old);
    try {
      this.held.set(name, this.assemble(key));
    } catch {
      // A scan that cannot be read now: it is told where it is needed.
    }
  }
}

function nameOf({ epoch, step, stepInEpoch, slot }: SlotKey): string {
  return [epoch, step, stepInEpoch, slot].join('/');
}
