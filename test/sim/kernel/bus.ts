/**
 * The bus in memory: subjects, subscriptions and answers as NATS core has them, at most once. What the
 * network does to a message is asked of the `Weather`; a broker that is down loses what it is given.
 */
import type { SimProcess } from './process.js';
import type { Timeline } from './timeline.js';

/** What becomes of one message on its way to one receiver: when each copy arrives, and whether damaged. */
export interface Fate {
  readonly delays: readonly number[];
  readonly damaged: boolean;
}

export interface Weather {
  fate(letter: Letter, to: string): Fate;
}

export interface Letter {
  readonly from: string;
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string | null;
}

type Handler = (letter: Letter) => void;

interface Subscription {
  readonly process: SimProcess;
  readonly echo: boolean;
  readonly life: number;
  readonly handler: Handler;
}

export interface Traffic {
  published: number;
  publishedBytes: number;
  delivered: number;
  deliveredBytes: number;
}

export class SimBus {
  up = true;
  readonly traffic: Traffic = { published: 0, publishedBytes: 0, delivered: 0, deliveredBytes: 0 };
  private readonly subscriptions = new Map<string, Subscription[]>();
  private readonly reconnects: { process: SimProcess; life: number; run: () => void }[] = [];
  private inboxes = 0;

  constructor(
    private readonly timeline: Timeline,
    private readonly weather: Weather,
    /** Changes a damaged message's bytes, or null where the damage is one that the transport finds. */
    private readonly damage: (letter: Letter) => Uint8Array | null,
  ) {}

  /**
   * `handler` is called for each message on `subject`, as long as this life of the process lasts. `echo`: also for
   * what the process publishes itself.
   */
  subscribe(process: SimProcess, subject: string, handler: Handler, echo = true): () => void {
    const entry: Subscription = { process, echo, life: process.life, handler };
    const list = (this.subscriptions.get(subject) ?? []).filter(
      (known) => known.life === known.process.life && known.process.alive,
    );
    list.push(entry);
    this.subscriptions.set(subject, list);
    return () => {
      const left = (this.subscriptions.get(subject) ?? []).filter((known) => known !== entry);
      if (left.length > 0) this.subscriptions.set(subject, left);
      else this.subscriptions.delete(subject);
    };
  }

  publish(process: SimProcess, subject: string, bytes: Uint8Array, reply: string | null = null): void {
    this.traffic.published++;
    this.traffic.publishedBytes += bytes.length;
    if (!this.up) return;
    const letter: Letter = { from: process.id, subject, bytes, reply };
    for (const entry of this.subscriptions.get(subject) ?? []) {
      if (entry.process === process && !entry.echo) continue;
      if (entry.process.life === entry.life && entry.process.alive) this.carry(letter, entry);
    }
  }

  /** A subject of one's own for answers. */
  inbox(process: SimProcess): string {
    return `_INBOX.${process.id}.${++this.inboxes}`;
  }

  onReconnect(process: SimProcess, run: () => void): void {
    this.reconnects.push({ process, life: process.life, run });
  }

  /** The broker dies: what is on its way is lost too. */
  fail(): void {
    this.up = false;
    this.epoch++;
  }

  /** The broker is back; clients notice a moment later. */
  recover(): void {
    this.up = true;
    const waiting = this.reconnects.filter(({ process, life }) => process.life === life && process.alive);
    this.reconnects.splice(0, this.reconnects.length, ...waiting);
    for (const { process, life, run } of waiting)
      this.timeline.after(20, () => {
        if (process.life === life) process.take(run);
      });
  }

  /** Lives of the broker. */
  private epoch = 0;

  private carry(letter: Letter, { process, life, handler }: Subscription): void {
    const { delays, damaged } = this.weather.fate(letter, process.id);
    const epoch = this.epoch;
    const bytes = damaged ? this.damage(letter) : letter.bytes;
    if (bytes === null) return;
    for (const delay of delays) {
      this.timeline.after(delay, () => {
        if (this.epoch !== epoch || process.life !== life) return;
        this.traffic.delivered++;
        this.traffic.deliveredBytes += bytes.length;
        process.take(() => handler(bytes === letter.bytes ? letter : { ...letter, bytes }));
      });
    }
  }
}
