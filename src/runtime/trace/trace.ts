/**
 * What a thread did when: spans of time for `--profile`, appended to a file of the thread's own. Without a profile
 * each call is the check of a constant. No decision may depend on anything here.
 *
 * Times are those of the monotonic clock, which all processes of one host share: nothing has to be aligned.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { monotonicMs } from '../process/monotonic.js';

/** Set for the processes of a profiled run: the folder of the parts, and what the process and the thread are called. */
const FOLDER = 'EMARS_PROFILE_FOLDER';
const PROCESS = 'EMARS_PROFILE_PROCESS';
const THREAD = 'EMARS_PROFILE_THREAD';

/** What a span is: Perfetto filters by it, and `compute` counts as computing. */
export const TRACE_KINDS = ['phase', 'step', 'compute', 'wait', 'disk', 'start'] as const;
export type TraceKind = (typeof TRACE_KINDS)[number];

export interface SpanDetails {
  readonly args?: Readonly<Record<string, string | number>>;
  /** A row of its own: for spans that may overlap others of their thread. */
  readonly track?: string;
  /** End of the span. Default: now. */
  readonly to?: number;
}

export interface TraceTarget {
  readonly folder: string;
  readonly process: string;
  readonly thread: string;
}

/** Spans wait for so long before they are written, or until they are so many characters. */
const FLUSH_MS = 100;
const FLUSH_CHARACTERS = 32 * 1024;
/** A thread writes so much and then no more: a search of weeks must not fill a disk. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

export class Trace {
  private lines: string[] = [];
  private waiting = 0;
  private written = 0;
  private file: number | null = null;
  private timer: NodeJS.Timeout | null = null;

  /** `target` null: nothing is recorded. */
  constructor(private target: TraceTarget | null) {
    if (target !== null) process.once('exit', () => this.flush());
  }

  get on(): boolean {
    return this.target !== null;
  }

  /** Now, in milliseconds: the beginning of a span. */
  now(): number {
    return this.target === null ? 0 : monotonicMs();
  }

  /** A span from `from` on. */
  span(kind: TraceKind, name: string, from: number, { args, track, to }: SpanDetails = {}): void {
    if (this.target === null) return;
    const [start, length] = [from, (to ?? monotonicMs()) - from].map((ms) => Math.round(1000 * ms));
    this.add(JSON.stringify([kind, name, start, length, track ?? null, args ?? null]));
  }

  /** From the beginning of this thread until now: Node's own start, and the loading of modules. */
  started(): void {
    if (this.target !== null) this.span('start', 'start, load modules', monotonicMs() - performance.now());
  }

  /** Does something within a span. */
  async during<T>(kind: TraceKind, name: string, work: () => Promise<T>, details?: SpanDetails): Promise<T> {
    const from = this.now();
    try {
      return await work();
    } finally {
      this.span(kind, name, from, details);
    }
  }

  /** Writes what waits. A profile that cannot be written ends here, never the run. */
  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.target === null || this.lines.length === 0) return;
    try {
      this.file ??= this.open(this.target);
      writeSync(this.file, `${this.lines.join('\n')}\n`);
    } catch {
      this.target = null;
    }
    this.written += this.waiting;
    if (this.written > MOST_CHARACTERS) this.target = null;
    this.lines = [];
    this.waiting = 0;
  }

  private open({ folder, process: name, thread }: TraceTarget): number {
    const file = openSync(join(folder, `${process.pid}-${threadId}.jsonl`), 'a', 0o644);
    writeSync(file, `${JSON.stringify({ process: name, thread, pid: process.pid })}\n`);
    return file;
  }

  private add(line: string): void {
    this.lines.push(line);
    this.waiting += line.length + 1;
    if (this.waiting >= FLUSH_CHARACTERS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }
}

/** What this thread of a child of a profiled run records. */
export const trace = new Trace(targetHere());

function targetHere(): TraceTarget | null {
  const { [FOLDER]: folder, [PROCESS]: name, [THREAD]: thread } = process.env;
  if (folder === undefined || name === undefined) return null;
  return { folder, process: name, thread: thread ?? 'main' };
}

/** More environment for a child, so that it records; `folder` null: nothing. */
export function traceEnvironment(folder: string | null, name: string): Readonly<Record<string, string>> {
  return folder === null ? {} : { [FOLDER]: folder, [PROCESS]: name };
}

/** The environment of a thread of this process, so that its rows bear its name; nothing without a profile. */
export function threadEnvironment(thread: string): { readonly env?: NodeJS.ProcessEnv } {
  return process.env[FOLDER] === undefined ? {} : { env: { ...process.env, [THREAD]: thread } };
}
