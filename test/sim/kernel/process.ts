/**
 * A process of the simulated cluster: it can be killed, stopped (SIGSTOP) and woken. Everything that it
 * does later belongs to the life in which it was planned, and is forgotten when that life ends.
 */
import type { Timeline } from './timeline.js';

export class SimProcess {
  alive = false;
  stopped = false;
  /** Lives so far; a name for the life at hand. */
  life = 0;
  /** What waits for a stopped process, in the order of its coming. */
  private readonly held: (() => void)[] = [];

  constructor(
    readonly id: string,
    private readonly timeline: Timeline,
  ) {}

  get now(): number {
    return this.timeline.now;
  }

  begin(): void {
    this.life++;
    this.alive = true;
    this.stopped = false;
    this.held.length = 0;
  }

  kill(): void {
    this.alive = false;
    this.stopped = false;
    this.held.length = 0;
  }

  stop(): void {
    this.stopped = true;
  }

  wake(): void {
    this.stopped = false;
    // What is taken in may end the process.
    for (const run of this.held.splice(0)) this.take(run);
  }

  /** Plans `run` for this life. Returns how to call it off. */
  after(ms: number, run: () => void): () => void {
    const life = this.life;
    let off = false;
    this.timeline.after(ms, () => {
      if (!off && this.life === life) this.take(run);
    });
    return () => void (off = true);
  }

  /** Runs `run` now, or when the process is woken; never when it is dead. */
  take(run: () => void): void {
    if (!this.alive) return;
    if (this.stopped) this.held.push(run);
    else run();
  }
}
