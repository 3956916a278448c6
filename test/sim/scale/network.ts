/** A network with costs: what goes through the broker and into a process waits for its turn. */
import type { Fate, Letter, Weather } from '../kernel/bus.js';
import type { Timeline } from '../kernel/timeline.js';

export interface Costs {
  /** Bytes a second that the broker hands out, to all receivers together. */
  readonly brokerBytes: number;
  /** Bytes a second that one process takes in. */
  readonly processBytes: number;
  /** Milliseconds the broker needs for a delivery, and evolution for a message, however small. */
  readonly deliveryMs: number;
  readonly evolutionMs: number;
  /** Milliseconds from one process to another when nothing waits. */
  readonly linkMs: number;
}

export interface Load {
  messages: number;
  bytes: number;
  toEvolution: number;
}

export class LoadedNetwork implements Weather {
  readonly load: Load = { messages: 0, bytes: 0, toEvolution: 0 };
  private brokerFreeAt = 0;
  private readonly freeAt = new Map<string, number>();

  constructor(
    private readonly timeline: Timeline,
    private readonly costs: Costs,
    /** Bytes of a message as it would be: chunks stand for larger ones. */
    private readonly bytesOf: (letter: Letter) => number,
  ) {}

  fate(letter: Letter, to: string): Fate {
    const { brokerBytes, processBytes, deliveryMs, evolutionMs, linkMs } = this.costs;
    const { now } = this.timeline;
    const bytes = this.bytesOf(letter);
    this.load.messages++;
    this.load.bytes += bytes;
    if (to === 'evolution') this.load.toEvolution++;
    this.brokerFreeAt = Math.max(now, this.brokerFreeAt) + deliveryMs + (1000 * bytes) / brokerBytes;
    const taken = to === 'evolution' ? evolutionMs : (1000 * bytes) / processBytes;
    const free = Math.max(this.brokerFreeAt, this.freeAt.get(to) ?? 0) + taken;
    this.freeAt.set(to, free);
    return { delays: [free + linkMs - now], damaged: false };
  }
}
