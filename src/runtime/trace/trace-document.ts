/**
 * The parts that threads wrote → one document in Chrome's trace-event format, which Perfetto reads, with figures of
 * what each process did. A part that ends in the middle of a line is of a process that was killed.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { z } from 'zod';
import { TRACE_KINDS } from './trace.js';
import type { ProcessFigures } from './trace-figures.js';
import { TraceFigures } from './trace-figures.js';

const label = z.string().max(200);
const microseconds = z.number().int();
const partHead = z.object({ process: label, thread: label, pid: z.number().int().positive() });
const spanLine = z.tuple([
  z.enum(TRACE_KINDS),
  label,
  microseconds,
  microseconds.min(0),
  label.nullable(),
  z.record(label, z.union([label, z.number()])).nullable(),
]);

/** Writes `file`, whole or not at all, from the parts in `folder`. `origin`: the zero of its times, ms. */
export async function writeTraceDocument(
  folder: string,
  file: string,
  origin: number,
): Promise<readonly ProcessFigures[]> {
  const figures = new TraceFigures();
  const temporary = `${file}.part`;
  const out = createWriteStream(temporary);
  const events = new EventWriter(out);
  await put(out, '{"displayTimeUnit":"ms","traceEvents":[\n');
  for (const name of (await readdir(folder)).sort())
    if (name.endsWith('.jsonl')) await addPart(join(folder, name), { events, figures, origin });
  const summary = figures.all();
  await put(out, `\n],"otherData":${JSON.stringify({ processes: summary })}}\n`);
  out.end();
  await once(out, 'finish');
  await rename(temporary, file);
  return summary;
}

interface Collected {
  readonly events: EventWriter;
  readonly figures: TraceFigures;
  readonly origin: number;
}

async function addPart(path: string, { events, figures, origin }: Collected): Promise<void> {
  let head: z.infer<typeof partHead> | null = null;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const value = parsed(line);
    if (head === null) {
      head = partHead.safeParse(value).data ?? null;
      if (head === null) return;
      continue;
    }
    const span = spanLine.safeParse(value).data;
    if (span === undefined) continue;
    const [cat, name, start, dur, track, args] = span;
    const ts = start - Math.round(1000 * origin);
    const row = await events.row(head.pid, head.process, track ?? head.thread);
    await events.add({
      ph: 'X',
      cat,
      name,
      ts,
      dur,
      pid: head.pid,
      tid: row,
      ...(args === null ? {} : { args }),
    });
    figures.take(head.process, { cat, name, ts, dur });
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return null;
  }
}

/** Events one after the other; rows get their names when they are first used. */
class EventWriter {
  private readonly rows = new Map<number, Map<string, number>>();
  private isFirst = true;

  constructor(private readonly out: Writable) {}

  /** Number of a row of a process. */
  async row(pid: number, process: string, name: string): Promise<number> {
    let rows = this.rows.get(pid);
    if (rows === undefined) {
      this.rows.set(pid, (rows = new Map<string, number>()));
      await this.add({ ph: 'M', name: 'process_name', pid, args: { name: process } });
    }
    let row = rows.get(name);
    if (row === undefined) {
      rows.set(name, (row = rows.size + 1));
      await this.add({ ph: 'M', name: 'thread_name', pid, tid: row, args: { name } });
    }
    return row;
  }

  async add(event: object): Promise<void> {
    await put(this.out, `${this.isFirst ? '' : ',\n'}${JSON.stringify(event)}`);
    this.isFirst = false;
  }
}

async function put(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}
