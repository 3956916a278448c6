/** What the processes of a run take of the machine, as a person wants to see it: of the last seconds. */
import { monotonicMs } from '../../runtime/process/monotonic.js';
import { processorSeconds, residentMemory } from '../../runtime/process/process-table.js';
import { isWorkerCount } from '../worker/worker-news.js';

export interface Usage {
  /** Bytes, resident. */
  readonly memory: number | null;
  /** Processors that were kept busy; null before it has been watched for a while. */
  readonly busy: number | null;
  /** Of the time of its slots, what went into data; null: it has told none. */
  readonly dataShare: number | null;
}

interface Watched {
  readonly pid: number;
  readonly seconds: number;
  readonly at: number;
  readonly busy: number | null;
}

/** Over so long a time the processors are counted. */
const WINDOW_MS = 2000;

export class ProcessUsage {
  private readonly watched = new Map<string, Watched>();
  private readonly dataShares = new Map<string, number>();

  /** What a process says of itself. */
  hear(id: string, message: unknown): void {
    if (isWorkerCount(message)) this.dataShares.set(id, Math.round(10_000 * message.share) / 10_000);
  }

  /** `id`: of the process over its restarts. */
  of(id: string, pid: number | null): Usage {
    const now = monotonicMs();
    const seconds = pid === null ? null : processorSeconds(pid);
    const dataShare = this.dataShares.get(id) ?? null;
    if (pid === null || seconds === null) return { memory: null, busy: null, dataShare };
    const before = this.watched.get(id);
    if (before?.pid !== pid) this.watched.set(id, { pid, seconds, at: now, busy: null });
    else if (now - before.at >= WINDOW_MS) {
      const busy = (1000 * (seconds - before.seconds)) / (now - before.at);
      this.watched.set(id, { pid, seconds, at: now, busy: Math.round(100 * busy) / 100 });
    }
    return { memory: residentMemory(pid), busy: this.watched.get(id)!.busy, dataShare };
  }
}
