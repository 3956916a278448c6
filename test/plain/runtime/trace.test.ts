/** Parts of a profile → one document, and figures of it. */
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Trace } from '#emars/runtime/trace/trace.js';
import { writeTraceDocument } from '#emars/runtime/trace/trace-document.js';
import { TraceFigures } from '#emars/runtime/trace/trace-figures.js';

const root = mkdtempSync(join(tmpdir(), 'emars-trace-'));
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('a trace without a target records nothing and reads no clock', () => {
  const trace = new Trace(null);
  expect(trace.now()).toBe(0);
  trace.span('compute', 'slot', 0);
  trace.flush();
  expect(trace.on).toBe(false);
});

it('spans come into one document, less a line that a killed process left in its middle', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'emars-trace-parts-'));
  try {
    const trace = new Trace({ folder, process: 'trainer-0', thread: 'main' });
    const origin = trace.now();
    trace.span('compute', 'slot', trace.now(), { args: { step: 7 } });
    trace.span('disk', 'journal', trace.now(), { track: 'disk' });
    trace.flush();
    appendFileSync(join(folder, readdirSync(folder)[0]!), '["compute","slot",1');
    const file = join(folder, 'trace.json');
    const [figures] = await writeTraceDocument(folder, file, origin);
    const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as {
      traceEvents: Record<string, unknown>[];
    };
    expect(traceEvents.filter(({ ph }) => ph === 'X')).toMatchObject([
      { cat: 'compute', name: 'slot', args: { step: 7 }, tid: 1 },
      { cat: 'disk', name: 'journal', tid: 2 },
    ]);
    for (const { ts } of traceEvents.filter(({ ph }) => ph === 'X')) expect(ts).toBeGreaterThanOrEqual(0);
    expect(figures).toMatchObject({ process: 'trainer-0', computing: 1 });
    expect(existsSync(`${file}.part`)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('a profile whose folder is gone ends without a word: no run fails over it', () => {
  const trace = new Trace({ folder: join(root, 'gone'), process: 'trainer-0', thread: 'main' });
  trace.span('compute', 'slot', trace.now());
  trace.flush();
  expect(trace.on).toBe(false);
});

it('a process computes while one of its threads does, counted once', () => {
  const figures = new TraceFigures();
  const span = (cat: 'compute' | 'wait', from: number, to: number): void =>
    figures.take('trainer-0', { cat, name: 'x', ts: 1e6 * from, dur: 1e6 * (to - from) });
  span('compute', 2, 4);
  span('wait', 4, 6);
  span('compute', 8, 10);
  span('compute', 3, 5);
  figures.take('parent', { cat: 'disk', name: 'x', ts: 0, dur: 5 });
  expect(figures.all()).toEqual([
    { process: 'parent', firstComputed: null, lastComputed: null, computing: null, seconds: { x: 0 } },
    { process: 'trainer-0', firstComputed: 2, lastComputed: 10, computing: 5 / 8, seconds: { x: 8 } },
  ]);
});
