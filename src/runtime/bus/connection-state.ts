/**
 * Whether the connection of a bus is up, cut off or over, as the NATS client reports it, and who waits
 * for a change.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { after, type Deadline, monotonicMs, type Timer } from '../process/monotonic.js';
import { BusClosed } from './bus-errors.js';

/** How long a connection that missed its pings may take to end before its socket is destroyed. */
const STALE_MS = 500;
/** So long after a reconnect other clients may still be on their way back. */
const GATHER_MS = 2000;

/** What the bus does when the state changes; called in the order of the changes. */
export interface ConnectionEvents {
  cutOff(): void;
  /** Subscriptions are there again. */
  reconnected(): void;
  /** The server refused something that no call waits for. */
  serverError(error: unknown): void;
}

export class ConnectionState {
  private isUp = true;
  private isOver = false;
  private reconnectCount = 0;
  private gatheredAt = 0;
  private staleTimer: Timer | null = null;
  private readonly waiters = new Set<() => void>();

  constructor(
    private readonly nats: NatsConnection,
    private readonly events: ConnectionEvents,
  ) {
    void this.follow();
  }

  get up(): boolean {
    return this.isUp;
  }

  /** Closed by us, or for ever by the server. */
  get over(): boolean {
    return this.isOver || this.nats.isClosed();
  }

  get reconnects(): number {
    return this.reconnectCount;
  }

  /** Whether clients that were cut off together with this one had time to come back. */
  get gathered(): boolean {
    return monotonicMs() > this.gatheredAt;
  }

  /** The bus closes: what waits for the connection is told. */
  end(): void {
    this.isOver = true;
    this.staleTimer?.cancel();
    this.wake();
  }

  /** Resolves when the connection is up, or the deadline is over. Errors: BusClosed. */
  async untilUp(deadline: Deadline, operation: string): Promise<void> {
    while (!this.isUp || this.over) {
      if (this.over) throw new BusClosed(operation);
      if (deadline.over) return;
      await this.change(deadline.left());
    }
  }

  private change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.waiters.delete(done);
        resolve();
      };
      const timer = after(ms, done);
      this.waiters.add(done);
    });
  }

  private wake(): void {
    for (const done of [...this.waiters]) done();
  }

  private async follow(): Promise<void> {
    for await (const status of this.nats.status()) {
      switch (status.type) {
        case 'disconnect':
          this.isUp = false;
          this.events.cutOff();
          break;
        case 'reconnect':
          this.reconnectCount++;
          this.gatheredAt = monotonicMs() + GATHER_MS;
          this.isUp = true;
          this.events.reconnected();
          this.wake();
          break;
        case 'staleConnection':
          this.destroyIfStale();
          break;
        case 'error':
          this.events.serverError(status.error);
          break;
        default:
          break;
      }
    }
    this.isUp = false;
    this.end();
  }

  /** Unless the connection changes soon, its socket is destroyed. */
  private destroyIfStale(): void {
    const connection = this.reconnectCount;
    this.staleTimer?.cancel();
    const destroy = (): void => {
      if (this.isUp && connection === this.reconnectCount) destroySocket(this.nats);
    };
    this.staleTimer = after(STALE_MS, destroy, { keepAlive: false });
  }
}

/**
 * DEVIATION: reaches into the client (3.4.0). Before it gives up a silent connection, the client waits
 * until the socket has taken one more write; behind a server that does not read, that is never.
 */
function destroySocket(nats: NatsConnection): void {
  const inside = nats as unknown as { protocol?: { transport?: { socket?: { destroy?: () => void } } } };
  inside.protocol?.transport?.socket?.destroy?.();
}
