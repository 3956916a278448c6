/** A profile of one or several runs: what each of their processes did when, in one file. */
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { monotonicMs } from '../runtime/process/monotonic.js';
import { Trace } from '../runtime/trace/trace.js';
import { writeTraceDocument } from '../runtime/trace/trace-document.js';
import type { ProcessFigures } from '../runtime/trace/trace-figures.js';
import { RequestError } from './request.js';

/** A profile at work: given to runs as `profile`; `close` writes its file. */
export interface Profile {
  /** Absolute path of the trace that is to be written. */
  readonly file: string;
  /** Where the processes of the runs write their parts. */
  readonly parts: string;
  /** @internal What this process records. */
  readonly trace: Trace;
  /**
   * Writes the trace: Chrome's trace-event format, for ui.perfetto.dev. What a run that was interrupted or failed
   * had recorded is in it. Resolves to figures of each process, which are in the file, too.
   */
  close(): Promise<readonly ProcessFigures[]>;
}

/**
 * Begins a profile of the processes of this host. `file` is replaced; its folder must be there.
 * Errors: RequestError where it cannot be written.
 */
export function openProfile(file: string): Profile {
  const path = resolve(file);
  if (!existsSync(dirname(path)) || !statSync(dirname(path)).isDirectory())
    throw new RequestError(
      `expected the name of a trace to write in a folder that is there, got "${file}"; make its folder first`,
    );
  if (existsSync(path) && !statSync(path).isFile())
    throw new RequestError(`expected the name of a trace to write, got "${file}", which is no file`);
  const parts = `${path}.parts`;
  rmSync(parts, { recursive: true, force: true });
  mkdirSync(parts);
  // Of this process: what the time before the first step is counted from.
  const origin = monotonicMs() - performance.now();
  const trace = new Trace({ folder: parts, process: 'parent', thread: 'main' });
  trace.started();
  return {
    file: path,
    parts,
    trace,
    close: async () => {
      trace.flush();
      const figures = await writeTraceDocument(parts, path, origin);
      rmSync(parts, { recursive: true, force: true });
      return figures;
    },
  };
}
