/**
 * The worker's side of a work queue: takes one item at a time, says that it is still at it, and
 * acknowledges what the handler has finished with.
 *
 * While the queue or its consumer is missing, the worker waits for their owner to declare them again.
 */
import { withFailpoints } from '../failpoint/failpoint.js';
import { sleep } from '../process/monotonic.js';
import type { Bus, Handle } from './bus.js';
import { BusClosed } from './bus-errors.js';
import { WorkSource, type WorkItem } from './work-source.js';

/** What becomes of an item: done; to be tried again, by any worker; never to be delivered again. */
export type Verdict = 'ack' | 'nak' | 'term';

export interface Taken {
  /** How often this item has been delivered, from 1. */
  readonly deliveries: number;
  /**
   * Delivered more often than the queue allows: the workers before died of it or were too slow. Report it,
   * do not work on it.
   */
  readonly exhausted: boolean;
  /** Tells the broker that work goes on. Done by itself every third of ackWait. */
  working(): void;
}

export interface TakeOptions {
  readonly stream: string;
  /** As the queue was declared. */
  readonly consumer: string;
  readonly ackWaitMs: number;
  readonly maxDeliver: number;
  /** Begin paused. Default false. */
  readonly paused?: boolean | undefined;
  /** Told what the handler throws and what keeps the worker from taking. Default: silent. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export interface WorkTaker {
  /** Takes nothing more; resolves when what was taken is done. Not to be awaited in the handler. */
  pause(): Promise<void>;
  resume(): void;
  readonly paused: boolean;
  /** An item is being worked on. */
  readonly busy: boolean;
  /**
   * Resolves when the worker has stopped: signal aborted (an item under way is finished first) or bus
   * closed.
   */
  readonly done: Promise<void>;
}

const ACK_MS = 2000;
const ACK_TRIES = 3;
/** After a nak or a failed handler: time for the trouble to pass. */
const RETRY_MS = 500;
const RETRY = `-NAK {"delay": ${RETRY_MS * 1e6}}`;
const BACK_OFF_MS = [50, 100, 200, 500, 1000, 2000];
/** How often a paused worker looks whether its bus was closed. */
const LOOK_MS = 200;

/**
 * Takes items until `signal` is aborted. `handler` works on one item (its bytes are its own to keep) and
 * resolves to the verdict; if it throws, the item goes back to the queue. 'ack' means that the result is
 * safe elsewhere: answer so only after it is. The acknowledgement itself may get lost with the broker;
 * then the item comes again, and the handler's result must be one that may come twice.
 */
export function takeWork(
  bus: Bus,
  options: TakeOptions,
  handler: (bytes: Uint8Array, taken: Taken) => Promise<Verdict>,
  { signal }: { signal: AbortSignal },
): WorkTaker {
  return new Taker(bus, options, handler, signal);
}

class Taker implements WorkTaker {
  readonly done: Promise<void>;
  private readonly source: WorkSource;
  private isPaused: boolean;
  private isBusy = false;
  private isTaking = false;
  /** Ends a pause. */
  private wake: (() => void) | null = null;
  private resting: AbortController | null = null;
  private readonly idleCallbacks = new Set<() => void>();

  constructor(
    private readonly bus: Bus,
    private readonly options: TakeOptions,
    private readonly handler: (bytes: Uint8Array, taken: Taken) => Promise<Verdict>,
    private readonly signal: AbortSignal,
  ) {
    this.source = new WorkSource(bus, options.stream, options.consumer);
    this.isPaused = options.paused ?? false;
    const interrupt = (): void => {
      this.endWait();
      this.wake?.();
    };
    signal.addEventListener('abort', interrupt);
    const reconnects: Handle = bus.onReconnect(interrupt);
    this.done = this.run().finally(() => {
      signal.removeEventListener('abort', interrupt);
      reconnects.close();
      this.tellIdle();
    });
  }

  get paused(): boolean {
    return this.isPaused;
  }

  get busy(): boolean {
    return this.isBusy;
  }

  async pause(): Promise<void> {
    this.isPaused = true;
    this.endWait();
    if (this.isTaking || this.isBusy) await new Promise<void>((resolve) => this.idleCallbacks.add(resolve));
  }

  resume(): void {
    this.isPaused = false;
    this.wake?.();
  }

  private get over(): boolean {
    return this.signal.aborted || this.bus.closed;
  }

  private get mayPull(): boolean {
    return !this.isPaused && !this.over;
  }

  private tellIdle(): void {
    for (const callback of [...this.idleCallbacks]) callback();
    this.idleCallbacks.clear();
  }

  /** Ends a pull or a rest: there is a reason to look up (pause, abort, reconnect). */
  private endWait(): void {
    this.source.end();
    this.resting?.abort();
  }

  private async run(): Promise<void> {
    let troubles = 0;
    while (!this.over) {
      if (this.isPaused) {
        this.tellIdle();
        await this.pauseIsOver();
        continue;
      }
      this.isTaking = true;
      try {
        // A pause or an end that came meanwhile found no pull to end.
        if (!this.mayPull) continue;
        const item = await this.source.pull();
        troubles = 0;
        if (item !== null) await this.workOn(item);
      } catch (error) {
        if (!(error instanceof BusClosed)) this.report(error);
        if (this.mayPull) await this.rest(BACK_OFF_MS[Math.min(troubles++, BACK_OFF_MS.length - 1)] ?? 0);
      } finally {
        this.isTaking = false;
      }
    }
  }

  private async rest(ms: number): Promise<void> {
    this.resting = new AbortController();
    await sleep(ms, this.resting.signal);
    this.resting = null;
  }

  private pauseIsOver(): Promise<void> {
    return new Promise((resolve) => {
      // The closing of a bus is not announced.
      const timer = setInterval(() => {
        if (this.over) this.wake?.();
      }, LOOK_MS);
      this.wake = () => {
        clearInterval(timer);
        this.wake = null;
        resolve();
      };
    });
  }

  private async workOn(item: WorkItem): Promise<void> {
    const { ackWaitMs, maxDeliver } = this.options;
    if (this.signal.aborted) {
      this.say(item, '-NAK');
      return;
    }
    this.isBusy = true;
    const working = (): void => this.say(item, '+WPI');
    const heartbeat = setInterval(working, ackWaitMs / 3);
    try {
      const { bytes, deliveries } = item;
      const verdict = await this.handler(bytes, { deliveries, exhausted: deliveries > maxDeliver, working });
      if (verdict === 'nak') this.say(item, RETRY);
      else if (verdict === 'term') await this.confirm(item, '+TERM');
      else await withFailpoints('acknowledge', () => this.confirm(item, '+ACK'));
    } catch (error) {
      this.report(error);
      this.say(item, RETRY);
    } finally {
      clearInterval(heartbeat);
      this.isBusy = false;
    }
  }

  /**
   * Insists until the broker says that it has heard; in vain if it lost the item, and then it does not
   * matter.
   */
  private async confirm(item: WorkItem, word: string): Promise<void> {
    for (let tries = 1; tries <= ACK_TRIES; tries++) {
      try {
        await this.bus.ask(item.ack, Buffer.from(word), ACK_MS);
        return;
      } catch (error) {
        if (tries === ACK_TRIES) this.report(error);
      }
    }
  }

  private say(item: WorkItem, word: string): void {
    if (!this.bus.closed) this.bus.publish(item.ack, Buffer.from(word));
  }

  private report(error: unknown): void {
    try {
      this.options.onError?.(error);
    } catch {
      // A reporter that fails must not stop the worker.
    }
  }
}
