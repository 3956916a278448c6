/**
 * The progress of a search on one line. `renderProgress` is a pure function of what is known;
 * `ProgressView` decides when to draw: over and over in a terminal, now and then elsewhere.
 */
import type { StatusEvent } from '../library/run-events.js';
import type { RunPhase } from '../wire/messages.js';

/** What is known of a running search. */
export interface ProgressStatus extends Omit<StatusEvent, 'kind' | 'phase'> {
  readonly phase: Exclude<RunPhase, 'failed'>;
}

const share = (done: number, all: number): number => (all > 0 ? Math.min(1, Math.max(0, done / all)) : 0);

/** Of an epoch, what its training counts for; its evaluations are the rest. */
const TRAINING = 0.6;

/**
 * How much of the run is done, 0…1: whole epochs and, within one, training, then evaluation. In the
 * warm-up, whose epochs but the last have no evaluation, the next epoch begins where it would have ended.
 */
export function progressFraction({
  phase,
  epoch,
  epochs,
  step,
  steps,
  evaluated,
  evaluations,
}: ProgressStatus): number {
  if (phase === 'done') return 1;
  const before = Math.max(0, epoch - 1);
  // A resumed run is prepared with its finished epochs behind it.
  if (phase === 'preparing') return share(before, epochs);
  const within =
    phase === 'evaluating'
      ? TRAINING + (1 - TRAINING) * share(evaluated, evaluations)
      : TRAINING * share(step, steps);
  return share(before + within, epochs);
}

/** Seconds as "8 s", "2 min 05 s", "3 h 20 min". */
export function timeLeft(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${two(total % 60)} s`;
  const minutes = Math.round(total / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

const WIDEST_BAR = 30;
const NARROWEST_BAR = 6;

function bar(fraction: number, width: number): string {
  const full = Math.floor(fraction * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** The parts beside the bar, the most important first: what does not fit is left out from the end. */
function partsOf(status: ProgressStatus): string[] {
  const {
    phase,
    epoch,
    epochs,
    etaSeconds,
    bestAccuracy,
    frontSize,
    trainersAlive,
    trainers,
    step,
    steps,
    evaluated,
    evaluations,
  } = status;
  if (phase === 'preparing') return epoch > 0 ? [`epoch ${epoch}/${epochs}`] : [];
  const within = phase === 'evaluating' ? `evaluation ${evaluated}/${evaluations}` : `step ${step}/${steps}`;
  return [
    `epoch ${epoch}/${epochs}`,
    ...(etaSeconds === null || phase === 'done' ? [] : [`${timeLeft(etaSeconds)} left`]),
    ...(bestAccuracy === null ? [] : [`best ${(bestAccuracy * 100).toFixed(1)} %`]),
    ...(phase === 'done' ? [] : [`trainers ${trainersAlive}/${trainers}`]),
    ...(frontSize > 0 ? [`front ${frontSize}`] : []),
    ...(phase === 'done' ? [] : [within]),
  ];
}

/**
 * One line of at most `columns` characters: phase, bar with percentage, epoch, time left, best
 * accuracy, trainers alive, front size. Narrow terminals lose the last parts first, then the bar.
 * `fraction`: where the bar stands.
 */
export function renderProgress(
  status: ProgressStatus,
  columns: number,
  fraction = progressFraction(status),
): string {
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)} %`;
  const head = status.phase.padEnd('evaluating'.length);
  const parts = partsOf(status);
  const line = (shown: number, width: number): string =>
    [head, ...(width > 0 ? [`${bar(fraction, width)} ${percent}`] : [percent]), ...parts.slice(0, shown)]
      .join('  ')
      .trimEnd();
  for (let shown = parts.length; shown >= 0; shown--) {
    const room = columns - line(shown, 0).length - 1;
    if (room >= NARROWEST_BAR) return line(shown, Math.min(WIDEST_BAR, room));
  }
  return `${status.phase}${percent}`.slice(0, Math.max(0, columns));
}

export interface ProgressTarget {
  readonly write: (text: string) => unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;
const PLAIN_COLUMNS = 120;
const ERASE_LINE = '\r\u001b[2K';

/**
 * Columns that a line on a terminal may take. One is left free: some wrap when the last one is written. A
 * terminal that says 0 does not know its width.
 */
export function freeColumns({ columns = 0 }: { readonly columns?: number }): number {
  return (columns > 0 ? columns : 80) - 1;
}

/** When progress is drawn, and how far its bar stands. */
export class Drawing {
  /** The newest status; null before the first, and after the end. */
  last: ProgressStatus | null = null;
  private drawnAt = -Infinity;
  private furthest = 0;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(private readonly now: () => number) {}

  /** Takes the newest status; true where it is to be drawn: at a new phase or epoch, and `waitMs` after the last. */
  take(status: ProgressStatus, waitMs: number): boolean {
    const turned = status.phase !== this.last?.phase || status.epoch !== this.last.epoch;
    this.last = status;
    return turned || this.now() - this.drawnAt >= waitMs;
  }

  /** A status is drawn now. Where the bar stands: an epoch that begins again must not draw it backwards. */
  draw(status: ProgressStatus): number {
    this.drawnAt = this.now();
    this.furthest = Math.max(this.furthest, progressFraction(status));
    return this.furthest;
  }
}

/**
 * Draws progress on a stream: in a terminal one line, redrawn at most ten times a second; elsewhere
 * a plain line at each new phase or epoch and every five seconds.
 */
export class ProgressView {
  private readonly drawing: Drawing;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(
    private readonly target: ProgressTarget,
    now: () => number = () => performance.now(),
  ) {
    this.drawing = new Drawing(now);
  }

  /** Takes the newest status; draws it if it is time. */
  update(status: ProgressStatus): void {
    const wait = this.target.isTTY === true ? REDRAW_MS : PLAIN_LINE_MS;
    if (this.drawing.take(status, wait)) this.draw(status);
  }

  /** Writes a line of text without tearing the bar. */
  note(text: string): void {
    this.target.write(this.target.isTTY === true ? `${ERASE_LINE}${text}\n` : `${text}\n`);
    const { last } = this.drawing;
    if (this.target.isTTY === true && last !== null) this.draw(last);
  }

  /** Leaves the last line standing. */
  end(): void {
    const { last } = this.drawing;
    if (last === null) return;
    this.draw(last);
    if (this.target.isTTY === true) this.target.write('\n');
    this.drawing.last = null;
  }

  private draw(status: ProgressStatus): void {
    const terminal = this.target.isTTY === true;
    const columns = terminal ? freeColumns(this.target) : PLAIN_COLUMNS;
    const line = renderProgress(status, columns, this.drawing.draw(status));
    this.target.write(terminal ? ERASE_LINE + line : `${line}\n`);
  }
}
