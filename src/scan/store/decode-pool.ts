/**
 * A Piscina pool for scans, alive for one pass over them: bounded queue, bounded workers, destroyed after.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { CacheTask, Outcome, ScanFacts, ScanTask } from './decode-worker.js';
import { reasonOf } from '../errors.js';

interface Tasks {
  cacheScan: { task: CacheTask; value: { contentHash: string } };
  inspectScan: { task: ScanTask; value: ScanFacts };
}

/** Most threads when nothing else is asked for. */
export const defaultThreads = Math.max(1, Math.min(8, availableParallelism()));

export class DecodePool {
  private readonly pool: Piscina;
  private isOver = false;

  constructor(
    threads: number,
    private readonly signal?: AbortSignal,
  ) {
    this.pool = new Piscina({
      filename: new URL('./decode-worker.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: threads,
      maxQueue: 2 * threads,
      // Sleeping on atomics keeps a worker from handling its own events between tasks.
      atomics: 'disabled',
      // geotiff brings the package web-worker, which takes a worker without data for one of its own.
      workerData: {},
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    // What a thread had sent before it was ended by an abort comes when nobody waits for it any more.
    this.pool.on('error', (error: Error) => {
      if (this.signal?.aborted !== true && !this.isOver) throw error;
    });
  }

  /** Runs one task; a thread that dies is the scan's problem, an abort is thrown. */
  async run<K extends keyof Tasks>(name: K, task: Tasks[K]['task']): Promise<Outcome<Tasks[K]['value']>> {
    try {
      return (await this.pool.run(task, { name, signal: this.signal ?? null })) as Outcome<Tasks[K]['value']>;
    } catch (error) {
      this.signal?.throwIfAborted();
      return {
        ok: false,
        problem: { path: task.scan.path, reason: `the decoder broke down (${reasonOf(error)})` },
        environment: false,
      };
    }
  }

  async destroy(): Promise<void> {
    this.isOver = true;
    await this.pool.destroy();
  }
}

/**
 * Does `work` for 0…count−1 with at most `lanes` at a time. The first one to throw ends it, after those
 * that run.
 */
export async function inLanes(
  count: number,
  lanes: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < count && !failed) {
      try {
        await work(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(lanes, count) }, lane));
  const rejected = outcomes.find((each) => each.status === 'rejected');
  if (rejected !== undefined) throw rejected.reason;
}
