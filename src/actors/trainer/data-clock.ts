/** How much of the time of its slots a trainer takes to bring scans together: what a step waits for data. */
import { monotonicMs } from '../../runtime/process/monotonic.js';
import type { WorkerCount } from '../worker/worker-news.js';

/** No more often than this is it told. */
const TELL_MS = 1000;

export class DataClock {
  private slotMs = 0;
  private dataMs = 0;
  private toldAt = -Infinity;

  constructor(private readonly tell: (count: WorkerCount) => void) {}

  /** A whole slot; within it, `data`. */
  slot<Result>(work: () => Result): Result {
    const began = monotonicMs();
    const result = work();
    const now = monotonicMs();
    this.slotMs += now - began;
    if (now - this.toldAt >= TELL_MS) {
      this.toldAt = now;
      this.tell({ kind: 'data-share', share: this.share() });
    }
    return result;
  }

  data<Result>(work: () => Result): Result {
    const began = monotonicMs();
    const result = work();
    this.dataMs += monotonicMs() - began;
    return result;
  }

  /** From 0 to 1. */
  private share(): number {
    return this.slotMs === 0 ? 0 : Math.min(1, this.dataMs / this.slotMs);
  }
}
