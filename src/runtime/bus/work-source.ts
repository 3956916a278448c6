/**
 * JetStream's published API for pulling work, spoken over the bus (docs.nats.io, "JetStream wire API"): a
 * pull is one request for one message to an inbox of ours.
 *
 * Why not the client library's own pull: it drops what arrives while it is being closed, and that item
 * would count as delivered and wait for its ackWait. Here a pull that is ended lets the server's last
 * message in before it says that nothing more will come.
 */
import { EmarsError } from '../../errors/error.js';
import { after, monotonicMs } from '../process/monotonic.js';
import type { Bus } from './bus.js';

/** A broker without the stream or the consumer. */
export class WorkUnavailable extends EmarsError {
  override readonly name = 'WorkUnavailable';
  readonly kind = 'unavailable';
  constructor(
    readonly stream: string,
    readonly reason: string,
  ) {
    super(`work queue ${stream} gives no work: ${reason}`);
  }
}

export interface WorkItem {
  readonly bytes: Uint8Array;
  /** The subject that verdicts go to: $JS.ACK.… */
  readonly ack: string;
  /** How often this item has been delivered, from 1. */
  readonly deliveries: number;
}

const PULL_MS = 10_000;
/** A status that comes so much before the end of a pull is a refusal. */
const EARLY_MS = 500;
/** So long after the end of a pull the server has had its say. */
const LATE_MS = 1000;
const NANOSECONDS = 1e6;

/** One worker's access to a queue; all workers of a queue share the consumer that its owner made. */
export class WorkSource {
  private endPull: (() => void) | null = null;

  constructor(
    private readonly bus: Bus,
    private readonly stream: string,
    private readonly consumer: string,
  ) {}

  /**
   * One item, or null: none came in time, or the pull was ended.
   *
   * Errors: WorkUnavailable, BusClosed.
   */
  async pull(): Promise<WorkItem | null> {
    const inbox = this.bus.inbox();
    const started = monotonicMs();
    const arrived: WorkItem[] = [];
    const seen = { refusal: false };
    const subscription = this.bus.subscribe(inbox, (bytes, { reply }) => {
      if (reply?.startsWith('$JS.ACK.') === true)
        arrived.push({ bytes: Uint8Array.from(bytes), ack: reply, deliveries: deliveryCount(reply) });
      // A status: "nothing came" at the end of the wait, or earlier: no such consumer, being deleted…
      else seen.refusal = monotonicMs() - started < PULL_MS - EARLY_MS;
      this.end();
    });
    try {
      this.bus.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${this.stream}.${this.consumer}`,
        Buffer.from(JSON.stringify({ batch: 1, expires: PULL_MS * NANOSECONDS })),
        inbox,
      );
      await new Promise<void>((resolve) => {
        const timer = after(PULL_MS + LATE_MS, resolve);
        this.endPull = () => {
          timer.cancel();
          resolve();
        };
      });
    } finally {
      this.endPull = null;
      // What the server sent before it read the end of our interest still arrives.
      if (arrived.length === 0) await subscription.drain();
      else subscription.close();
    }
    if (seen.refusal && arrived.length === 0)
      throw new WorkUnavailable(this.stream, 'the broker refuses to give work');
    return arrived[0] ?? null;
  }

  /** Ends the pull under way, if there is one. */
  end(): void {
    this.endPull?.();
  }
}

/** From $JS.ACK.<stream>.<consumer>.<deliveries>.…, or the longer form with domain and account in front. */
function deliveryCount(ack: string): number {
  const tokens = ack.split('.');
  const count = Number(tokens[tokens.length <= 9 ? 4 : 6]);
  return Number.isInteger(count) && count >= 1 ? count : 1;
}
