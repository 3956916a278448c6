/**
 * A network with costs. A broker reads each connection in order and many at once: chunks wait for each other,
 * as together they are all it can hand out; a small message waits for what its own sender sent before it, and for
 * the small ones that evolution is still taking in, but not for the chunks of others.
 */
import type { Fate, Letter, Weather } from '../kernel/bus.js';
import type { Timeline } from '../kernel/timeline.js';

export interface Costs {
  /** Bytes a second that the broker hands out, to all receivers together. */
  readonly brokerBytes: number;
  /** Bytes a second that one process takes in. */
  readonly processBytes: number;
  /** Milliseconds the broker needs for a delivery, and evolution for a message, however small, and a byte of it. */
  readonly deliveryMs: number;
  readonly evolutionMs: number;
  readonly evolutionByteMs: number;
  /** Milliseconds from one process to another when nothing waits. */
  readonly linkMs: number;
}

export interface Load {
  messages: number;
  bytes: number;
  toEvolution: number;
  /** The longest that a message to evolution was on its way, milliseconds. */
  slowestToEvolution: number;
}

/** Up to here a message is small: reports, credit, requests, plans. */
const SMALL_BYTES = 64 * 1024;

export class LoadedNetwork implements Weather {
  readonly load: Load = { messages: 0, bytes: 0, toEvolution: 0, slowestToEvolution: 0 };
  private chunksDoneAt = 0;
  private smallDoneAt = 0;
  /** When what a process has sent so far is handed out, and when it has taken in what was sent to it. */
  private readonly sentAt = new Map<string, number>();
  private readonly freeAt = new Map<string, number>();

  constructor(
    private readonly timeline: Timeline,
    private readonly costs: Costs,
    /** Bytes of a message as it would be: chunks stand for larger ones. */
    private readonly bytesOf: (letter: Letter) => number,
  ) {}

  fate(letter: Letter, to: string): Fate {
    const { brokerBytes, processBytes, deliveryMs, evolutionMs, evolutionByteMs, linkMs } = this.costs;
    const { now } = this.timeline;
    const bytes = this.bytesOf(letter);
    this.load.messages++;
    this.load.bytes += bytes;
    if (to === 'evolution') this.load.toEvolution++;
    const handedOut =
      bytes > SMALL_BYTES
        ? (this.chunksDoneAt = Math.max(now, this.chunksDoneAt) + deliveryMs + (1000 * bytes) / brokerBytes)
        : (this.smallDoneAt = Math.max(now, this.smallDoneAt) + deliveryMs);
    const ready = Math.max(handedOut, this.sentAt.get(letter.from) ?? 0);
    this.sentAt.set(letter.from, ready);
    const taken = to === 'evolution' ? evolutionMs + evolutionByteMs * bytes : (1000 * bytes) / processBytes;
    const waits = bytes > SMALL_BYTES || to === 'evolution';
    const free = Math.max(ready, waits ? (this.freeAt.get(to) ?? 0) : 0) + taken;
    if (waits) this.freeAt.set(to, free);
    const delay = free + linkMs - now;
    if (to === 'evolution') this.load.slowestToEvolution = Math.max(this.load.slowestToEvolution, delay);
    return { delays: [delay], damaged: false };
  }
}
