/**
 * Events from the one who knows to the one who reads, at the reader's pace.
 *
 * A slow reader must not make the queue grow for hours: an event that only says how far things are
 * replaces the one of its kind that is still waiting at the end of the queue.
 */

/** One writer, one reader. */
export class EventStream<Event extends { readonly kind: string }> implements AsyncIterable<Event> {
  private readonly waiting: Event[] = [];
  private end: { readonly error: unknown } | 'open' | 'closed' = 'open';
  private wake: (() => void) | null = null;
  private taken = false;

  /** `passing`: true for an event that the next one of its kind makes worthless. */
  constructor(private readonly passing: (event: Event) => boolean) {}

  push(event: Event): void {
    if (this.end !== 'open') return;
    const last = this.waiting.at(-1);
    if (last?.kind === event.kind && this.passing(last)) this.waiting.pop();
    this.waiting.push(event);
    this.wake?.();
  }

  /** The reader comes to an end after what waits. */
  close(): void {
    if (this.end === 'open') this.end = 'closed';
    this.wake?.();
  }

  /** The reader gets `error` after what waits. */
  fail(error: unknown): void {
    if (this.end === 'open') this.end = { error };
    this.wake?.();
  }

  /** Errors: Error for a second reader, which would take events from the first. */
  async *[Symbol.asyncIterator](): AsyncIterator<Event> {
    if (this.taken) throw new Error('expected one reader of the events of a run, got a second one');
    this.taken = true;
    for (;;) {
      const event = this.waiting.shift();
      if (event !== undefined) yield event;
      else if (this.end === 'closed') return;
      else if (this.end !== 'open') throw this.end.error;
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }
}
