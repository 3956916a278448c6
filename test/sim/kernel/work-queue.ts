/**
 * A work queue as JetStream keeps one: an item goes to one taker at a time, again after `ackWaitMs` of
 * silence, until it is acknowledged. Wiped with the broker's store, it is empty and must be filled again.
 */
import type { SimProcess } from './process.js';
import type { Timeline } from './timeline.js';

export interface TakenItem {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** How often it has been handed out, from 1. */
  readonly deliveries: number;
}

interface Item {
  readonly id: string;
  readonly bytes: Uint8Array;
  deliveries: number;
  /** Handed out until then; 0: free. */
  until: number;
}

interface Puller {
  readonly process: SimProcess;
  readonly life: number;
  take: ((item: TakenItem) => void) | null;
}

const RENEW_MS = 500;

export class SimWorkQueue {
  private items = new Map<string, Item>();
  private pullers: Puller[] = [];
  private isServingLater = false;

  constructor(
    private readonly timeline: Timeline,
    private readonly ackWaitMs: number,
    private readonly reachable: (process: SimProcess) => boolean,
  ) {}

  get size(): number {
    return this.items.size;
  }

  enqueue(id: string, bytes: Uint8Array): void {
    if (this.items.has(id)) return;
    this.items.set(id, { id, bytes, deliveries: 0, until: 0 });
    this.serve();
  }

  purge(): void {
    this.items.clear();
  }

  wipe(): void {
    this.items.clear();
  }

  /** Wants one item, once. Returns how to stop wanting. */
  pull(process: SimProcess, take: (item: TakenItem) => void): () => void {
    const puller: Puller = { process, life: process.life, take };
    this.pullers.push(puller);
    this.serve();
    return () => void (puller.take = null);
  }

  working({ id, deliveries }: TakenItem): void {
    const item = this.items.get(id);
    if (item?.deliveries === deliveries && item.until > 0) this.hold(item, this.ackWaitMs);
  }

  ack({ id }: TakenItem): void {
    this.items.delete(id);
  }

  /** Back to the queue, after `ms`. */
  nak({ id, deliveries }: TakenItem, ms: number): void {
    const item = this.items.get(id);
    if (item?.deliveries === deliveries && item.until > 0) this.hold(item, ms);
  }

  /** Hands out what is free; called when something became free or a worker wants. */
  serve(): void {
    for (const item of this.items.values()) {
      if (item.until > this.timeline.now) continue;
      const puller = this.nextPuller();
      if (puller === null) {
        this.serveLater();
        return;
      }
      const { take } = puller;
      puller.take = null;
      item.deliveries++;
      this.hold(item, this.ackWaitMs);
      const taken: TakenItem = { id: item.id, bytes: item.bytes, deliveries: item.deliveries };
      this.timeline.after(1, () => {
        if (puller.process.life === puller.life) puller.process.take(() => take!(taken));
      });
    }
  }

  /** A worker that wants but cannot be reached asks again: a pull is renewed now and then. */
  private serveLater(): void {
    if (this.isServingLater || this.pullers.length === 0) return;
    this.isServingLater = true;
    this.timeline.after(RENEW_MS, () => {
      this.isServingLater = false;
      this.serve();
    });
  }

  private hold(item: Item, ms: number): void {
    const until = this.timeline.now + ms;
    item.until = until;
    this.timeline.after(ms, () => {
      if (item.until === until && this.items.get(item.id) === item) this.serve();
    });
  }

  private nextPuller(): Puller | null {
    this.pullers = this.pullers.filter(
      ({ process, life, take }) => take !== null && process.alive && process.life === life,
    );
    return this.pullers.find(({ process }) => this.reachable(process)) ?? null;
  }
}
