/**
 * The worker's side of a work queue: takes one item at a time, says that it is still at it, and
 * acknowledges what the handler has finished with.
 *
 * Speaks JetStream's published API over the bus (docs.nats.io, "JetStream wire API"): a pull is one
 * request for one message to an inbox of ours. The client library's own pull drops what arrives while
 * it is being closed, and that item would count as delivered and wait for its ackWait; here `pause` lets
 * the server's last message in before it says that nothing more will come.
 *
 * All workers of a queue share one durable consumer. It is made again if the broker lost it; while the
 * queue itself is missing, the worker waits for its owner to declare it again.
 */
import { BusClosed, type Bus } from './connection.js';
import { after, monotonicMs, sleep } from '../process/monotonic.js';

/** What becomes of an item: done; to be tried again, by whomever; never to be delivered again. */
export type Verdict = 'ack' | 'nak' | 'term';

export interface Taken {
  /** How often this item has been delivered, from 1. */
  readonly deliveries: number;
  /** Delivered more often than the queue allows: the workers before died of it or were too slow. Report it, do not work on it. */
  readonly exhausted: boolean;
  /** Tells the broker that work goes on. Done by itself every third of ackWait. */
  working(): void;
}

export interface TakeOptions {
  readonly stream: string;
  /** The same for all workers of the queue. */
  readonly consumer: string;
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
  /** Resolves when the worker has stopped: signal aborted (an item under way is finished first) or bus closed. */
  readonly done: Promise<void>;
}

/** A broker without the stream or the consumer, or an answer that is none. */
export class WorkUnavailable extends Error {
  override readonly name = 'WorkUnavailable';
  constructor(
    readonly stream: string,
    readonly reason: string,
  ) {
    super(`work queue ${stream} gives no work: ${reason}`);
  }
}

const API_MS = 3000;
const ACK_MS = 2000;
const ACK_TRIES = 3;
const PULL_MS = 10_000;
/** After a nak or a failed handler: time for the trouble to pass. */
const RETRY_MS = 500;
const BACK_OFF_MS = [50, 100, 200, 500, 1000, 2000];

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

interface Item {
  readonly bytes: Uint8Array;
  /** The subject that verdicts go to: $JS.ACK.… */
  readonly ack: string;
}

interface QueueFacts {
  readonly ackWaitMs: number;
  readonly maxDeliver: number;
}

class Taker implements WorkTaker {
  readonly done: Promise<void>;
  private isPaused: boolean;
  private isBusy = false;
  private wake: (() => void) | undefined;
  private endPull: (() => void) | undefined;
  private readonly idleCallbacks = new Set<() => void>();
  private pulling = false;

  constructor(
    private readonly bus: Bus,
    private readonly options: TakeOptions,
    private readonly handler: (bytes: Uint8Array, taken: Taken) => Promise<Verdict>,
    private readonly signal: AbortSignal,
  ) {
    this.isPaused = options.paused ?? false;
    const interrupt = (): void => {
      this.endPull?.();
      this.wake?.();
    };
    signal.addEventListener('abort', interrupt);
    const forget = bus.onReconnect(interrupt);
    this.done = this.run().finally(() => {
      signal.removeEventListener('abort', interrupt);
      forget();
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
    this.endPull?.();
    if (this.pulling || this.isBusy) await new Promise<void>((resolve) => this.idleCallbacks.add(resolve));
  }

  resume(): void {
    this.isPaused = false;
    this.wake?.();
  }

  private get over(): boolean {
    return this.signal.aborted || this.bus.closed;
  }

  private tellIdle(): void {
    for (const callback of [...this.idleCallbacks]) callback();
    this.idleCallbacks.clear();
  }

  private async run(): Promise<void> {
    let facts: QueueFacts | undefined;
    let troubles = 0;
    while (!this.over) {
      if (this.isPaused) {
        this.tellIdle();
        await this.pauseIsOver();
        continue;
      }
      this.pulling = true;
      try {
        facts ??= await this.prepareConsumer();
        // A pause or an end that came meanwhile found no pull to end.
        if (!this.mayPull()) continue;
        const item = await this.pull();
        troubles = 0;
        if (item !== undefined) await this.workOn(item, facts);
      } catch (error) {
        facts = undefined;
        if (!(error instanceof BusClosed)) this.report(error);
        if (this.mayPull()) await this.rest(BACK_OFF_MS[Math.min(troubles++, BACK_OFF_MS.length - 1)] ?? 0);
      } finally {
        this.pulling = false;
      }
    }
  }

  private mayPull(): boolean {
    return !this.isPaused && !this.over;
  }

  /** Waits, unless there is a reason to look up before (pause, abort, reconnect). */
  private async rest(ms: number): Promise<void> {
    const interrupted = new AbortController();
    this.endPull = () => interrupted.abort();
    await sleep(ms, interrupted.signal);
    this.endPull = undefined;
  }

  private pauseIsOver(): Promise<void> {
    return new Promise((resolve) => {
      // A closed bus wakes nobody: look now and then.
      const timer = setInterval(() => {
        if (this.over) this.wake?.();
      }, 200);
      this.wake = () => {
        clearInterval(timer);
        this.wake = undefined;
        resolve();
      };
    });
  }

  /** Finds the stream and makes the consumer if it is not there. Throws WorkUnavailable, AskTimeout, BusClosed. */
  private async prepareConsumer(): Promise<QueueFacts> {
    const { stream, consumer } = this.options;
    const info = await this.api(`STREAM.INFO.${stream}`, {});
    const metadata = (info['config'] as { metadata?: Record<string, string> } | undefined)?.metadata ?? {};
    const facts = { ackWaitMs: Number(metadata['ackWaitMs']), maxDeliver: Number(metadata['maxDeliver']) };
    if (!(facts.ackWaitMs > 0 && facts.maxDeliver > 0))
      throw new WorkUnavailable(stream, 'it was not declared by declareWorkQueue');
    await this.api(`CONSUMER.CREATE.${stream}.${consumer}`, {
      stream_name: stream,
      config: {
        name: consumer,
        durable_name: consumer,
        deliver_policy: 'all',
        ack_policy: 'explicit',
        ack_wait: facts.ackWaitMs * 1e6,
        max_deliver: -1,
        max_ack_pending: 10_000,
        replay_policy: 'instant',
      },
    });
    return facts;
  }

  private async api(request: string, body: object): Promise<Record<string, unknown>> {
    const answer: unknown = JSON.parse(
      Buffer.from(
        await this.bus.ask(`$JS.API.${request}`, Buffer.from(JSON.stringify(body)), API_MS),
      ).toString('utf8'),
    );
    if (typeof answer !== 'object' || answer === null)
      throw new WorkUnavailable(this.options.stream, `no object came as an answer to ${request}`);
    const { error } = answer as { error?: { description?: unknown } };
    if (error !== undefined) throw new WorkUnavailable(this.options.stream, String(error.description));
    return answer as Record<string, unknown>;
  }

  /** One item, or undefined: none came in time, or the pull was ended (pause, abort, reconnect). */
  private async pull(): Promise<Item | undefined> {
    const inbox = this.bus.inbox();
    const started = monotonicMs();
    const arrived: Item[] = [];
    const seen = { refusal: false };
    const subscription = this.bus.subscribe(inbox, (bytes, { reply }) => {
      if (reply?.startsWith('$JS.ACK.') === true) arrived.push({ bytes: Uint8Array.from(bytes), ack: reply });
      // A status: "nothing came" at the end of the wait, or earlier: no such consumer, being deleted…
      else seen.refusal = monotonicMs() - started < PULL_MS - 500;
      this.endPull?.();
    });
    try {
      this.bus.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${this.options.stream}.${this.options.consumer}`,
        Buffer.from(JSON.stringify({ batch: 1, expires: PULL_MS * 1e6 })),
        inbox,
      );
      await new Promise<void>((resolve) => {
        const timer = after(PULL_MS + 1000, resolve);
        this.endPull = () => {
          timer.cancel();
          resolve();
        };
      });
    } finally {
      this.endPull = undefined;
      // What the server sent before it read the end of our interest still arrives.
      if (arrived.length === 0) await subscription.drain();
      else subscription.unsubscribe();
    }
    if (seen.refusal && arrived.length === 0)
      throw new WorkUnavailable(this.options.stream, 'the broker refuses to give work');
    return arrived[0];
  }

  private async workOn(item: Item, { ackWaitMs, maxDeliver }: QueueFacts): Promise<void> {
    if (this.signal.aborted) {
      this.say(item, '-NAK');
      return;
    }
    this.isBusy = true;
    const deliveries = deliveryCount(item.ack);
    const working = (): void => this.say(item, '+WPI');
    const heartbeat = setInterval(working, ackWaitMs / 3);
    try {
      const verdict = await this.handler(item.bytes, {
        deliveries,
        exhausted: deliveries > maxDeliver,
        working,
      });
      if (verdict === 'nak') this.say(item, `-NAK {"delay": ${RETRY_MS * 1e6}}`);
      else await this.confirm(item, verdict === 'ack' ? '+ACK' : '+TERM');
    } catch (error) {
      this.report(error);
      this.say(item, `-NAK {"delay": ${RETRY_MS * 1e6}}`);
    } finally {
      clearInterval(heartbeat);
      this.isBusy = false;
    }
  }

  /** Insists until the broker says that it has heard; in vain if it lost the item, and then it does not matter. */
  private async confirm(item: Item, word: string): Promise<void> {
    for (let tries = 1; tries <= ACK_TRIES; tries++) {
      try {
        await this.bus.ask(item.ack, Buffer.from(word), ACK_MS);
        return;
      } catch (error) {
        if (tries === ACK_TRIES) this.report(error);
      }
    }
  }

  private say(item: Item, word: string): void {
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

/** From $JS.ACK.<stream>.<consumer>.<deliveries>.…, or the longer form with domain and account in front. */
function deliveryCount(ack: string): number {
  const tokens = ack.split('.');
  const count = Number(tokens[tokens.length <= 9 ? 4 : 6]);
  return Number.isInteger(count) && count >= 1 ? count : 1;
}
