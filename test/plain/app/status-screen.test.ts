/** The screen of a cluster: what it shows of a record, and how it is drawn over and over. */
import { describe, expect, it } from 'vitest';
import type { ProgressStatus } from '#emars/app/progress.js';
import { renderScreen, StatusScreen } from '#emars/app/status-screen.js';
import type { RunRecord } from '#emars/run/record.js';
import { recordSchema } from '#emars/run/record.js';

const UUID = 'GPU-5f1c0d2e-1111-2222-3333-444444444444';
const seen = { visible: '0', uuid: UUID, name: 'NVIDIA H200', memoryMB: 143771, tensorflow: ['gpu', 'cpu'] };

const record: RunRecord = recordSchema.parse({
  format: 1,
  status: 'running',
  step: 40,
  repeatedSlots: 3,
  rolledBackEpochs: 1,
  timings: { trainSeconds: 10 },
  processes: [
    { role: 'broker', id: 'broker', pid: 7, starts: 1, memory: 2e7, busy: 0.02 },
    {
      role: 'trainer',
      id: 'trainer-0',
      pid: 8,
      starts: 1,
      slots: 60,
      stepSeconds: 0.25,
      memory: 3.21e9,
      busy: 0.75,
      device: 'cuda:0',
      seen,
    },
    { role: 'trainer', id: 'trainer-1', pid: null, starts: 3, slots: 20, evaluations: 4, device: 'cpu' },
    { role: 'evaluator', id: 'far-away', pid: null, starts: null, evaluations: 9, device: 'cpu' },
  ],
});

const status: ProgressStatus = {
  phase: 'search',
  epoch: 2,
  epochs: 4,
  step: 5,
  steps: 10,
  evaluated: 0,
  evaluations: 0,
  etaSeconds: 12,
  bestAccuracy: null,
  frontSize: 0,
  trainersAlive: 1,
  trainers: 2,
};

describe('the status screen', () => {
  it('has a line for each process: work, memory, how busy it is, deaths, device', () => {
    const lines = renderScreen(record, status, 150).map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual([
      'process',
      'slots',
      'step',
      'evaluations',
      'memory',
      'busy',
      'waits',
      'deaths',
      'device',
    ]);
    expect(lines.slice(2, 6)).toEqual([
      ['broker', '–', '–', '–', '0.02 GB', '2 %', '–', '0', '–'],
      ['trainer-0', '60', '0.25 s', '0', '3.21 GB', '75 %', '25 %', '0', `cuda:0 NVIDIA H200 ${UUID}`],
      ['trainer-1 (away)', '20', '–', '4', '–', '–', '–', '2', 'cpu'],
      ['far-away', '0', '–', '9', '–', '–', '–', '0', 'cpu'],
    ]);
  });

  it('ends with the pace, what was done again, progress and time left', () => {
    const [counts, progress] = renderScreen(record, status, 150).slice(-2);
    expect(counts).toBe(
      '0.25 s a step, 40 steps; slots computed again 3, epochs rolled back 1, results twice 0',
    );
    expect(progress).toMatch(/^search .* 32 % {2}epoch 2\/4 {2}12 s left/);
    expect(renderScreen({ ...record, step: 0 }, status, 150).at(-2)).toMatch(/^no step yet/);
  });

  it('never exceeds the columns', () => {
    for (let columns = 1; columns < 150; columns++)
      for (const line of renderScreen(record, status, columns))
        expect(line.length).toBeLessThanOrEqual(columns);
  });

  it('takes away what it drew before it draws again, keeps notes above, and leaves the last state', () => {
    const written: string[] = [];
    const clock = { ms: 0 };
    const target = { write: (text: string) => written.push(text), isTTY: true, columns: 120, rows: 40 };
    const screen = new StatusScreen(
      target,
      () => record,
      () => clock.ms,
    );
    screen.update(status);
    screen.update(status);
    expect(written).toHaveLength(1);
    expect(written[0]).not.toContain('\u001b');
    const drawn = written[0]!.split('\n').length - 1;
    screen.note('trainer-1 died');
    expect(written[1]).toBe(`\u001b[${drawn}A\r\u001b[0Jtrainer-1 died\n`);
    clock.ms = 500;
    screen.update(status);
    screen.end();
    screen.end();
    expect(written).toHaveLength(5);
    expect(written.at(-1)!.startsWith(`\u001b[${drawn}A`)).toBe(true);
  });

  it('is the bar alone where the terminal has too few lines, or nothing is recorded yet', () => {
    for (const [rows, found] of [
      [5, record],
      [40, null],
    ] as const) {
      const written: string[] = [];
      const target = { write: (text: string) => written.push(text), isTTY: true, columns: 120, rows };
      new StatusScreen(target, () => found).update(status);
      expect(written).toHaveLength(1);
      expect(written[0]!.trimEnd().split('\n')).toHaveLength(1);
    }
  });
});
