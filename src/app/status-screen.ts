/**
 * A run on the terminal, process by process. `renderScreen` is a pure function of `run.json` and the progress;
 * `StatusScreen` draws it over and over, with notes above it.
 */
import type { ProcessRecord, RunRecord } from '../run/record.js';
import { textTable } from './output.js';
import type { ProgressStatus, ProgressTarget } from './progress.js';
import { Drawing, freeColumns, progressFraction, renderProgress } from './progress.js';

const NONE = '–';

/** Lines of at most `columns` characters. `fraction`: where the bar stands. */
export function renderScreen(
  record: RunRecord,
  status: ProgressStatus,
  columns: number,
  fraction = progressFraction(status),
): string[] {
  const table = textTable(COLUMNS, record.processes.map(rowOf)).split('\n');
  const lines = [...table, '', countsOf(record), renderProgress(status, columns, fraction)];
  return lines.map((line) => (line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`));
}

const COLUMNS = [
  { head: 'process' },
  { head: 'slots', align: 'right' },
  { head: 'step', align: 'right' },
  { head: 'evaluations', align: 'right' },
  { head: 'memory', align: 'right' },
  { head: 'busy', align: 'right' },
  { head: 'waits', align: 'right' },
  { head: 'deaths', align: 'right' },
  { head: 'device' },
] as const;

function rowOf({
  id,
  pid,
  role,
  device,
  starts,
  slots,
  stepSeconds,
  evaluations,
  memory,
  busy,
  seen,
}: ProcessRecord): string[] {
  const isWorker = role === 'trainer' || role === 'evaluator';
  const deaths = Math.max(0, (starts ?? 1) - 1);
  return [
    // A foreign worker has no process of ours, and needs none.
    pid === null && starts !== null ? `${id} (away)` : id,
    isWorker ? String(slots ?? 0) : NONE,
    stepSeconds === null ? NONE : `${stepSeconds.toFixed(2)} s`,
    isWorker ? String(evaluations ?? 0) : NONE,
    memory === null ? NONE : `${(memory / 1e9).toFixed(2)} GB`,
    busy === null ? NONE : percent(busy),
    busy === null || !isWorker ? NONE : percent(Math.max(0, 1 - busy)),
    String(deaths),
    deviceOf(device, seen),
  ];
}

function deviceOf(device: string | null, seen: ProcessRecord['seen']): string {
  if (device === null) return NONE;
  return [device, seen?.name ?? '', seen?.uuid ?? ''].filter((part) => part !== '').join(' ');
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** What holds for the run as a whole. */
function countsOf({ timings, step, repeatedSlots, rolledBackEpochs, duplicateResults }: RunRecord): string {
  const trained = timings['trainSeconds'] ?? 0;
  const pace = step > 0 && trained > 0 ? `${(trained / step).toFixed(2)} s a step` : 'no step yet';
  return (
    `${pace}, ${step} steps; slots computed again ${repeatedSlots}, epochs rolled back ${rolledBackEpochs}, ` +
    `results twice ${duplicateResults}`
  );
}

const REDRAW_MS = 500;

/** Draws on a terminal. */
export class StatusScreen {
  private lines = 0;
  private readonly drawing: Drawing;

  /** `record`: the newest, null while there is none; `now`: milliseconds of a monotonic clock. */
  constructor(
    private readonly target: ProgressTarget,
    private readonly record: () => RunRecord | null,
    now: () => number = () => performance.now(),
  ) {
    this.drawing = new Drawing(now);
  }

  /** Takes the newest status; draws it if it is time. */
  update(status: ProgressStatus): void {
    if (this.drawing.take(status, REDRAW_MS)) this.draw();
  }

  /** Writes a line of text above the screen. */
  note(text: string): void {
    this.target.write(`${this.erased()}${text}\n`);
    this.draw();
  }

  /** Leaves the last state standing. */
  end(): void {
    if (this.drawing.last === null) return;
    this.draw();
    this.drawing.last = null;
    this.lines = 0;
  }

  private draw(): void {
    const { last } = this.drawing;
    if (last === null) return;
    const fraction = this.drawing.draw(last);
    const columns = freeColumns(this.target);
    const record = this.record();
    const lines =
      record === null
        ? [renderProgress(last, columns, fraction)]
        : renderScreen(record, last, columns, fraction);
    // Taller than the terminal, it could not be erased again: the bar alone then.
    const shown = lines.length < (this.target.rows ?? 24) ? lines : lines.slice(-1);
    this.target.write(`${this.erased()}${shown.join('\n')}\n`);
    this.lines = shown.length;
  }

  /** What takes the drawn lines away. */
  private erased(): string {
    const { lines } = this;
    this.lines = 0;
    return lines === 0 ? '' : `\u001b[${lines}A\r\u001b[0J`;
  }
}
