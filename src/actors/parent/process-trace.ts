/** The processes of a run in its profile: where they record, and from when until when each lived. */
import { Trace, traceEnvironment } from '../../runtime/trace/trace.js';

/** A profile that a run writes to. */
export interface RunProfile {
  /** Folder of the parts that the processes write. */
  readonly parts: string;
  /** What the parent records. */
  readonly trace: Trace;
}

export class ProcessTrace {
  private readonly trace: Trace;
  private readonly since = new Map<string, number>();

  constructor(private readonly profile: RunProfile | null) {
    this.trace = profile?.trace ?? new Trace(null);
  }

  environmentOf(id: string): Readonly<Record<string, string>> {
    return traceEnvironment(this.profile?.parts ?? null, id);
  }

  /** Starts a broker. */
  broker<T>(start: () => Promise<T>): Promise<T> {
    return this.trace.during('start', 'start the broker', start);
  }

  started(id: string): void {
    this.since.set(id, this.trace.now());
  }

  ended(id: string): void {
    const since = this.since.get(id);
    if (since !== undefined) this.trace.span('phase', `${id} lives`, since, { track: `process ${id}` });
    this.since.delete(id);
  }
}
