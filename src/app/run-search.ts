/** Shows a search while it runs, and what it found: used by `search` and `start`. */
import type { Run } from '../library/search.js';
import type { RunEvent, RunResult, StatusEvent } from '../library/run-events.js';
import { runFolder } from '../run/folder.js';
import { validationMajority } from '../run/majority.js';
import type { RunRecord } from '../run/record.js';
import { readRecordIfSound } from '../run/record.js';
import { readSplit } from '../run/split.js';
import { Interrupted } from './errors.js';
import { renderFrontTable } from './front-table.js';
import { onReaderGone, print, printJson } from './output.js';
import { Pace } from './pace.js';
import type { ProgressStatus } from './progress.js';
import { ProgressView, progressFraction } from './progress.js';
import { StatusScreen } from './status-screen.js';

/**
 * Begins a run in the folder `root` and shows it to its end; `command` goes on with it. Errors: Interrupted after
 * Ctrl-C or SIGTERM; the errors of the run.
 */
export async function showSearch(
  root: string,
  begin: (wishes: Wishes) => Run,
  json: boolean,
  command: 'search' | 'cluster' = 'search',
): Promise<void> {
  const stopped = interruption(`go on with: npx emars ${command} --resume ${root}`);
  const isScreen = command === 'cluster' && process.stderr.isTTY;
  const view = isScreen ? new StatusScreen(process.stderr, newestRecord(root)) : undefined;
  try {
    await showRun(() => begin(stopped.wishes), json, view);
  } finally {
    stopped.forget();
  }
}

/** The newest `run.json`, which is read again whenever it is asked for. */
function newestRecord(root: string): () => RunRecord | null {
  let newest: RunRecord | null = null;
  let isReading = false;
  return () => {
    if (!isReading) {
      isReading = true;
      void readRecordIfSound(runFolder(root)).then((record) => {
        newest = record ?? newest;
        isReading = false;
      });
    }
    return newest;
  };
}

/** Shows one run of a command to its end; what stops the command is the caller's. Errors: as `showSearch`. */
export async function showRun(
  begin: () => Run,
  json: boolean,
  shown: View = new ProgressView(process.stderr),
): Promise<void> {
  const view = json ? null : shown;
  const tell = view === null ? programsEvents() : personsEvents(view);
  try {
    for await (const event of begin().events) await tell(event);
  } finally {
    view?.end();
  }
}

/** `drain`: the first wish to stop, after the step at work; `signal`: the second one, at once. */
export interface Wishes {
  readonly drain: AbortSignal;
  readonly signal?: AbortSignal | undefined;
}

/** From now until it is forgotten, wishes to stop abort the signals. */
interface Interruption {
  readonly wishes: Wishes;
  readonly forget: () => void;
}

/**
 * Ctrl-C, SIGTERM, and a reader that went away (`… | head`) as signals whose reason says how to go on.
 * A command of several runs has one for all of them: a wish to stop that comes
 * at the end of one run is then found before the next.
 */
export function interruption(resume: string): Interruption {
  const drain = new AbortController();
  const atOnce = new AbortController();
  const stop = (): void => (drain.signal.aborted ? atOnce : drain).abort(new Interrupted(resume));
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  const forgetReader = onReaderGone(() =>
    drain.abort(new Interrupted(`the reader of the output has gone; ${resume}`)),
  );
  const forget = (): void => {
    for (const signal of signals) process.off(signal, stop);
    forgetReader();
  };
  return { wishes: { drain: drain.signal, signal: atOnce.signal }, forget };
}

type View = Pick<ProgressView, 'update' | 'note' | 'end'>;

type Tell = (event: RunEvent) => Promise<void>;

/** What a status says to a person, with the time left as it was until now; null for a run that has failed. */
function progressOf(status: StatusEvent, pace: Pace): ProgressStatus | null {
  const { phase } = status;
  if (phase === 'failed') return null;
  const known = { ...status, phase, etaSeconds: null };
  return { ...known, etaSeconds: pace.secondsLeft(known.epoch, known.epochs, progressFraction(known)) };
}

/** A line of progress, notes above it, and the front at the end. */
function personsEvents(view: View): Tell {
  const pace = new Pace();
  return async (event) => {
    switch (event.kind) {
      case 'providing':
        if (!event.passing) view.note(event.text);
        break;
      case 'preparing':
        view.update({ ...NOTHING_YET, step: event.done, steps: event.total });
        break;
      case 'prepared':
        for (const { path, reason } of event.skipped) view.note(`skips ${path}: ${reason}`);
        for (const remark of event.remarks) view.note(`note: ${remark}`);
        break;
      case 'status': {
        const status = progressOf(event, pace);
        if (status !== null) view.update(status);
        break;
      }
      case 'note':
        view.note(event.text);
        break;
      case 'finished':
        view.end();
        await print(await endOf(event.result));
        break;
    }
  };
}

/** Preparation on the same line: nothing is trained yet. */
const NOTHING_YET = {
  phase: 'preparing',
  epoch: 0,
  epochs: 0,
  evaluated: 0,
  evaluations: 0,
  etaSeconds: null,
  bestAccuracy: null,
  frontSize: 0,
  trainersAlive: 0,
  trainers: 0,
} as const;

/** The front as a table, and where the report is. */
async function endOf({ folder, front, report }: RunResult): Promise<string> {
  const majority = validationMajority(await readSplit(runFolder(folder)));
  return `\n${renderFrontTable(front, majority?.share ?? null)}\n\nreport: ${report}`;
}

/** One object a line, where something moved. */
function programsEvents(): Tell {
  const moved = statusLines();
  return async (event) => {
    switch (event.kind) {
      case 'providing':
      case 'note':
        break;
      case 'prepared':
        for (const note of event.remarks)
          await printJson({ phase: 'preparing', epoch: 0, step: 0, eta: null, trainers: 0, note });
        break;
      case 'preparing': {
        const { what, done, total } = event;
        if (done === total)
          await printJson({ phase: 'preparing', epoch: 0, step: done, eta: null, trainers: 0, what });
        break;
      }
      case 'status': {
        const line = moved(event);
        if (line !== null) await printJson(line);
        break;
      }
      case 'finished': {
        const { folder, report } = event.result;
        const files = { run: folder, front: runFolder(folder).front, report };
        await printJson({ phase: 'done', epoch: null, step: null, eta: 0, trainers: 0, ...files });
        break;
      }
    }
  };
}

/** A status as an object to print, or null where nothing moved; the time left alone moves nothing. */
function statusLines(): (status: StatusEvent) => object | null {
  const pace = new Pace();
  let last = '';
  return (status) => {
    const etaSeconds = progressOf(status, pace)?.etaSeconds ?? null;
    const progress = {
      phase: status.phase,
      epoch: status.epoch,
      epochs: status.epochs,
      step: status.step,
      steps: status.steps,
      trainers: status.trainersAlive,
      evaluated: status.evaluated,
      evaluations: status.evaluations,
      bestAccuracy: status.bestAccuracy,
      frontSize: status.frontSize,
    };
    const text = JSON.stringify(progress);
    if (text === last) return null;
    last = text;
    return { ...progress, eta: etaSeconds };
  };
}
