/** Which code an input reaches, by V8's own counts: no instrumentation of ours, and no native code. */
import { Session } from 'node:inspector';

/** Files whose code counts: ours, and the readers of formats that we call. */
const COUNTED = /\/dist\/[^/]+\/|\/node_modules\/(?:yaml|geotiff|nifti-reader-js)\//;

export class Coverage {
  private readonly session = new Session();
  private readonly seen = new Set<string>();

  constructor() {
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Ranges of source that were learnt. */
  get size(): number {
    return this.seen.size;
  }

  /** Ranges of source reached since the last call that are not learnt yet. */
  fresh(): string[] {
    const ranges: string[] = [];
    // On the thread of the session itself the answer comes before `post` returns.
    this.session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      for (const { url, scriptId, functions } of result) {
        if (!COUNTED.test(url)) continue;
        for (const { startOffset, endOffset, count } of functions.flatMap((each) => each.ranges))
          if (count > 0) ranges.push(`${scriptId}:${startOffset}:${endOffset}`);
      }
    });
    return ranges.filter((range) => !this.seen.has(range));
  }

  /** Takes in what is reached since the last call; true where something of it was new. */
  learn(): boolean {
    const ranges = this.fresh();
    for (const range of ranges) this.seen.add(range);
    return ranges.length > 0;
  }
}
