/** Runs a prepared or unfinished search in a folder to its end, and shows it: used by `search` and `start`. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { prepareRun } from '../actors/parent/prepare-run.js';
import { RunRecorder } from '../actors/parent/run-recorder.js';
import type { RunSetup } from '../actors/parent/supervise-run.js';
import { RunSupervision } from '../actors/parent/supervise-run.js';
import type { Options } from '../config/options.js';
import { fingerprint } from '../native/fingerprint.js';
import type { Engine } from '../native/locate.js';
import { requireEngine } from '../native/locate.js';
import { requireDevices } from '../native/require-devices.js';
import type { RunFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { validationMajority } from '../run/majority.js';
import { readSplit } from '../run/split.js';
import { Deadline, sleep } from '../runtime/process/monotonic.js';
import type { RunLock } from '../runtime/storage/run-lock.js';
import { acquireRunLock, RunLockedError } from '../runtime/storage/run-lock.js';
import type { Message } from '../wire/messages.js';
import { Interrupted } from './errors.js';
import { renderFrontTable } from './front-table.js';
import { onReaderGone, print, printJson } from './output.js';
import { Pace } from './pace.js';
import type { ProgressStatus } from './progress.js';
import { ProgressView, progressFraction } from './progress.js';

const LOCK_MS = 3000;

export interface SearchRequest {
  readonly folder: RunFolder;
  readonly options: Options;
  readonly resumed: boolean;
  readonly trainers: number;
  readonly devices: readonly string[];
  readonly foreign: RunSetup['foreign'];
  readonly json: boolean;
}

/** Errors: Interrupted after Ctrl-C or SIGTERM; the typed errors of preparation and supervision. */
export async function runSearch(request: SearchRequest): Promise<void> {
  const { folder } = request;
  const engine = await requireEngine();
  await requireDevices(request.devices);
  const lock = await lockRun(folder.root);
  try {
    await lockedSearch(request, engine);
  } finally {
    await lock.release();
  }
}

/** A parent that was killed a moment ago may still be dying: tries for a while. */
async function lockRun(root: string): Promise<RunLock> {
  const deadline = new Deadline(LOCK_MS);
  for (;;) {
    try {
      return await acquireRunLock(root);
    } catch (error) {
      if (!(error instanceof RunLockedError) || deadline.over) throw error;
      await sleep(200);
    }
  }
}

async function lockedSearch(request: SearchRequest, engine: Engine): Promise<void> {
  const { folder, options, resumed, json } = request;
  const view = json ? null : new ProgressView(process.stderr);
  const resume = `go on with: npx emars search --resume ${folder.root}`;
  const stopped = interruption(resume);
  const numerics = fingerprint({
    tensorflow: { version: engine.tensorflow.version, id: '' },
    threads: options.engine.threads,
    device: request.devices.join(','),
  });
  const tell = json ? jsonEvents() : progressOf(view);
  const supervision = new RunSupervision({ ...request, natsBinary: engine.nats.path }, tell, (line) => {
    view?.note(line);
  });
  const record = new RunRecorder(folder, numerics, resumed, () => supervision.rows());
  await record.load();
  const start = performance.now();
  if (!resumed || !existsSync(folder.split)) {
    const prepared = await prepareRun(
      folder,
      options,
      preparation(view, json, request.trainers),
      stopped.signal,
    );
    record.badScans = prepared.badScans.map(({ path, reason }) => ({ path, reason }));
    for (const { path, reason } of prepared.badScans) view?.note(`skips ${path}: ${reason}`);
    for (const remark of prepared.remarks) await tellRemark(remark, view);
    record.addSeconds('prepareSeconds', (performance.now() - start) / 1000);
    record.addSeconds('totalSeconds', (performance.now() - start) / 1000);
  }
  stopped.signal.addEventListener('abort', () => {
    supervision.interrupt();
  });
  stopped.signal.throwIfAborted();
  const end = await supervision.run(record).finally(() => view?.end());
  if (end === 'interrupted') throw stopped.signal.reason;
  stopped.forget();
  await rm(folder.bus, { force: true });
  await showEnd(folder, json);
}

/**
 * Ctrl-C, SIGTERM, and a reader that went away (`… | head`) as a signal whose reason says how to go on;
 * repeated ones change nothing.
 */
function interruption(resume: string): { signal: AbortSignal; forget: () => void } {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort(new Interrupted(resume));
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  const forgetReader = onReaderGone(() =>
    controller.abort(new Interrupted(`nobody reads the output any more; ${resume}`)),
  );
  const forget = (): void => {
    for (const signal of signals) process.off(signal, stop);
    forgetReader();
  };
  return { signal: controller.signal, forget };
}

/** What a status says to a person; null of a search that has failed: why is told when the run ends. */
function progressStatus(status: Message<'Status'>, pace: Pace): ProgressStatus | null {
  const { phase } = status;
  if (phase === 'failed') return null;
  const known = { ...status, phase, etaSeconds: null };
  return { ...known, etaSeconds: pace.secondsLeft(known.epoch, known.epochs, progressFraction(known)) };
}

function progressOf(view: ProgressView | null): (status: Message<'Status'>) => void {
  const pace = new Pace();
  return (status) => {
    const progress = progressStatus(status, pace);
    if (progress !== null) view?.update(progress);
  };
}

/** One event a line, where something moved; the time left alone moves nothing. */
function jsonEvents(): (status: Message<'Status'>) => void {
  const pace = new Pace();
  let last = '';
  return (status) => {
    const {
      phase,
      epoch,
      epochs,
      step,
      steps,
      evaluated,
      evaluations,
      frontSize,
      trainersAlive,
      bestAccuracy,
    } = status;
    const known = progressStatus(status, pace);
    const progress = {
      phase,
      epoch,
      epochs,
      step,
      steps,
      trainers: trainersAlive,
      evaluated,
      evaluations,
      bestAccuracy,
      frontSize,
    };
    const text = JSON.stringify(progress);
    if (text !== last) void printJson({ ...progress, eta: known?.etaSeconds ?? null });
    last = text;
  };
}

/** A remark on the data: a line for people, an event for programs. */
async function tellRemark(remark: string, view: ProgressView | null): Promise<void> {
  if (view !== null) view.note(`note: ${remark}`);
  else await printJson({ phase: 'preparing', epoch: 0, step: 0, eta: null, trainers: 0, note: remark });
}

/** Preparation as the same progress line: nothing is trained yet. */
function preparation(
  view: ProgressView | null,
  json: boolean,
  trainers: number,
): (what: string, done: number, total: number) => void {
  const nothing: Omit<ProgressStatus, 'step' | 'steps'> = {
    phase: 'preparing',
    epoch: 0,
    epochs: 0,
    evaluated: 0,
    evaluations: 0,
    etaSeconds: null,
    bestAccuracy: null,
    frontSize: 0,
    trainersAlive: 0,
    trainers,
  };
  return (what, done, total) => {
    if (json) {
      if (done === total)
        void printJson({ phase: 'preparing', epoch: 0, step: done, eta: null, trainers: 0, what });
    } else view?.update({ ...nothing, step: done, steps: total });
  };
}

/** The front as a table and where the report is; one event with both for programs. */
async function showEnd(folder: RunFolder, json: boolean): Promise<void> {
  // Charts take most of a second to load: not before there is something to draw.
  const { buildReport } = await import('../report/build.js');
  const { html } = await buildReport(folder.root);
  if (json)
    return printJson({
      phase: 'done',
      epoch: null,
      step: null,
      eta: 0,
      trainers: 0,
      run: folder.root,
      front: folder.front,
      report: html,
    });
  const majority = validationMajority(await readSplit(folder));
  const table = renderFrontTable(await readFront(folder), majority?.share ?? null);
  await print(`\n${table}\n\nreport: ${html}`);
}
