/** `--profile` on real processes: one trace of all of them, which changes no byte of the result. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emarsExits } from './support/search-process.js';

interface Event {
  readonly ph: string;
  readonly cat?: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

interface Document {
  readonly traceEvents: readonly Event[];
  readonly otherData: {
    readonly processes: readonly { readonly process: string; readonly computing: number | null }[];
  };
}

const root = mkdtempSync(join(tmpdir(), 'emars-profile-'));
const file = join(root, 'trace.json');
const SMOKE = ['search', '--config', 'configs/smoke.yaml', '--set', 'evolution.epochs=2', '--trainers', '2'];
/** Beginning and length of a span are rounded to microseconds. */
const ROUNDED = 2;
let document: Document;

beforeAll(async () => {
  await emarsExits(0, [...SMOKE, '--out', join(root, 'profiled'), '--profile', file]);
  document = JSON.parse(readFileSync(file, 'utf8')) as Document;
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pidOf = (process: string): number =>
  document.traceEvents.find(
    ({ ph, name, args }) => ph === 'M' && name === 'process_name' && args?.['name'] === process,
  )!.pid;
const spans = (process: string, name: string): Event[] => {
  const pid = pidOf(process);
  return document.traceEvents.filter((event) => event.ph === 'X' && event.pid === pid && event.name === name);
};
const stepsOf = (process: string): number[] =>
  [...new Set(spans(process, 'step').map(({ args }) => Number(args!['step'])))].sort((a, b) => a - b);

describe('a profile', () => {
  it('has every step of the run for each trainer, and the processes around them', () => {
    const all = stepsOf('trainer-0');
    expect(all).toEqual(all.map((_, i) => i));
    expect(all.length).toBeGreaterThan(0);
    expect(stepsOf('trainer-1')).toEqual(all);
    const slots = ['trainer-0', 'trainer-1'].flatMap((id) => spans(id, 'slot'));
    expect(slots.length).toBeGreaterThanOrEqual(2 * all.length);
    expect(spans('evolution', 'journal').length).toBeGreaterThanOrEqual(all.length);
    // After the warm-up and after each of two epochs.
    expect(spans('evolution', 'turn with selection')).toHaveLength(3);
    expect(spans('parent', 'start the broker')).toHaveLength(1);
    expect(spans('parent', 'report')).toHaveLength(1);
    const measured = ['trainer-0', 'trainer-1', 'evaluator-0'].flatMap((id) => spans(id, 'measure accuracy'));
    expect(measured.length).toBeGreaterThan(0);
  });

  it('has one clock: a child begins after the command, and steps lie in a phase of training that evolution saw', () => {
    const born = (process: string): number =>
      Math.min(...spans(process, 'start, load modules').map(({ ts }) => ts));
    expect(Math.abs(born('parent'))).toBeLessThan(1_000_000);
    const evolution = born('evolution');
    const broker = spans('parent', 'start the broker')[0]!;
    // Clocks are read a moment apart, and Node tells its own start to the millisecond.
    expect(evolution).toBeGreaterThan(broker.ts + broker.dur - 50_000);
    const training = spans('evolution', 'training');
    for (const id of ['trainer-0', 'trainer-1'])
      for (const { ts, dur } of spans(id, 'sum and move weights'))
        expect(
          training.some((phase) => phase.ts <= ts + ROUNDED && ts + dur <= phase.ts + phase.dur + ROUNDED),
        ).toBe(true);
  });

  it('nests the spans of a row, so that a viewer can show them', () => {
    const rows = new Map<string, Event[]>();
    for (const event of document.traceEvents) {
      const key = `${event.pid} ${event.tid}`;
      if (event.ph === 'X') rows.set(key, [...(rows.get(key) ?? []), event]);
    }
    for (const row of rows.values()) {
      const open: number[] = [];
      for (const { ts, dur, name } of [...row].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
        while (open.length > 0 && open.at(-1)! <= ts + ROUNDED) open.pop();
        expect(ts + dur, name).toBeLessThanOrEqual((open.at(-1) ?? Infinity) + ROUNDED);
        open.push(ts + dur);
      }
    }
  });

  it('says how much of its time each trainer computed', () => {
    for (const id of ['trainer-0', 'trainer-1']) {
      const { computing } = document.otherData.processes.find(({ process }) => process === id)!;
      expect(computing).toBeGreaterThan(0);
      expect(computing).toBeLessThanOrEqual(1);
    }
  });

  it('leaves nothing beside its file, and the front is that of a search without', async () => {
    expect(existsSync(`${file}.parts`)).toBe(false);
    await emarsExits(0, [...SMOKE, '--out', join(root, 'plain')]);
    const front = (name: string): string => readFileSync(join(root, name, 'front.json'), 'utf8');
    expect(front('profiled')).toBe(front('plain'));
  });
});
