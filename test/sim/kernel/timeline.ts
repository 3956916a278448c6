/**
 * Virtual time: what is to happen, in the order of its moment. Running an event takes no time; the clock
 * jumps from one to the next, so that a minute of waiting costs nothing. Events of one moment run in the
 * order in which they were planned: the same calls give the same run.
 */

interface Planned {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

export class Timeline {
  /** Virtual milliseconds since the simulation began. */
  now = 0;
  /** Events that have run. */
  ran = 0;
  private readonly heap: Planned[] = [];
  private planned = 0;

  /** Plans `run` for `ms` from now (never before now). Returns how to call it off. */
  after(ms: number, run: () => void): () => void {
    const entry: Planned = { at: this.now + Math.max(0, ms), order: this.planned++, run };
    this.push(entry);
    return () => void (entry.run = null);
  }

  /** Runs the next event; false when nothing is planned. */
  advance(): boolean {
    for (let entry = this.pop(); entry !== null; entry = this.pop()) {
      if (entry.run === null) continue;
      this.now = entry.at;
      this.ran++;
      entry.run();
      return true;
    }
    return false;
  }

  private push(entry: Planned): void {
    const { heap } = this;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent]!, entry)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): Planned | null {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
