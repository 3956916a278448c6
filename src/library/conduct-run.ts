/** Conducts one run in this process, from native parts to the report: what `search` and `resume` share. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { describeObjectives } from '../actors/objective/own-objectives.js';
import { checkData } from '../actors/parent/check-data.js';
import { endFormerEvolution } from '../actors/parent/former-evolution.js';
import { prepareRun } from '../actors/parent/prepare-run.js';
import { RunRecorder } from '../actors/parent/run-recorder.js';
import type { RunProfile } from '../actors/parent/process-trace.js';
import type { RunSetup } from '../actors/parent/run-setup.js';
import { RunSupervision } from '../actors/parent/supervise-run.js';
import type { Options } from '../config/options.js';
import { fingerprint } from '../native/fingerprint.js';
import type { NativeParts } from '../native/locate.js';
import { requireDevices } from '../native/require-devices.js';
import type { RunFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { Deadline, sleep } from '../runtime/process/monotonic.js';
import { Trace } from '../runtime/trace/trace.js';
import type { RunLock } from '../runtime/storage/run-lock.js';
import { acquireRunLock, RunLockedError } from '../runtime/storage/run-lock.js';
import type { DeviceLocks } from './device-locks.js';
import { lockDevices } from './device-locks.js';
import { nativeParts } from './native-parts.js';
import type { RunEvent, RunResult } from './run-events.js';
import { gatheringNotes } from './gathering-notes.js';
import { kernelsNote, kernelsOfRun } from './run-kernels.js';
import { objectiveNotes } from './objective-notes.js';
import type { OwnObjective } from './own-objectives.js';
import { joinOwn } from './own-objectives.js';
import { statusEvent } from './status-event.js';
import { VERSION } from './version.js';

const LOCK_MS = 3000;

export interface RunPlan {
  readonly folder: RunFolder;
  readonly options: Options;
  /** The folder holds a run that was cut off. */
  readonly resumed: boolean;
  readonly trainers: number;
  /** The search begins with so many trainers, of any host; 0: with those of this one. */
  readonly minTrainers: number;
  /** Dealt out to the trainers in turn: "cpu", "cuda:<n>". */
  readonly devices: readonly string[];
  readonly evaluatorDevice: string;
  /** A broker that is not ours; null: one is started. */
  readonly broker: RunSetup['foreign'];
  /** Null: none is written. */
  readonly profile: RunProfile | null;
  /** Measured in this process, beside those of the configuration. */
  readonly ownObjectives: readonly OwnObjective[];
}

/** How a run is to end before its time: after the step at work, or at once. */
export interface StopWishes {
  readonly drain: AbortSignal;
  readonly signal: AbortSignal;
}

export type Tell = (event: RunEvent) => void;

/**
 * Runs a search to its end. What was done stays in the folder, however it ends. Errors: the reason of the
 * wish to stop; the typed errors of preparation and supervision.
 */
export async function conductRun(plan: RunPlan, tell: Tell, wishes: StopWishes): Promise<RunResult> {
  const signal = AbortSignal.any([wishes.drain, wishes.signal]);
  const parts = await traceOf(plan).during('start', 'find TensorFlow and nats-server', () =>
    nativeParts((text, passing) => tell({ kind: 'providing', text, passing }), signal),
  );
  const devices = [...plan.devices, plan.evaluatorDevice];
  const gpus = await requireDevices(devices);
  // A module that does not load is told before anything is made; modules run in sandboxes alone.
  await describeObjectives(plan.options);
  const lock = await lockRun(plan.folder.root);
  let deviceLocks: DeviceLocks | null = null;
  try {
    await endFormerEvolution(plan.folder);
    deviceLocks = await lockDevices(devices, gpus, plan.folder.root);
    await conductLocked(plan, parts, tell, wishes);
    // Charts take most of a second to load: not before there is something to draw.
    const { buildReport } = await import('../report/build.js');
    const { html } = await traceOf(plan).during('phase', 'report', () => buildReport(plan.folder.root));
    return { folder: plan.folder.root, front: await readFront(plan.folder), report: html };
  } finally {
    await deviceLocks?.release();
    await lock.release();
  }
}

function traceOf({ profile }: RunPlan): Trace {
  return profile?.trace ?? NO_TRACE;
}

const NO_TRACE = new Trace(null);

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

async function conductLocked(
  plan: RunPlan,
  parts: NativeParts,
  tell: Tell,
  wishes: StopWishes,
): Promise<void> {
  // Before there is a step at work both wishes are the same.
  const signal = AbortSignal.any([wishes.drain, wishes.signal]);
  const { folder, options, devices, evaluatorDevice, trainers, broker, resumed } = plan;
  const kernels = await kernelsOfRun(plan);
  const slow = kernelsNote(plan, kernels);
  if (slow !== null) tell({ kind: 'note', text: slow });
  const numerics = fingerprint({
    tensorflow: { version: parts.tensorflow.version, id: '' },
    threads: options.engine.threads,
    device: devices.join(','),
    kernels: kernels?.id ?? null,
  });
  const notesOf = objectiveNotes();
  let own: ReturnType<typeof joinOwn> | null = null;
  const gathering = gatheringNotes(plan.minTrainers);
  const supervision = new RunSupervision(
    {
      folder,
      options,
      trainers,
      minTrainers: plan.minTrainers,
      devices,
      evaluatorDevice,
      kernels: kernels?.path ?? null,
      natsBinary: parts.nats.path,
      about: { version: VERSION, kernelsId: kernels?.id ?? null },
      foreign: broker,
      profile: plan.profile,
      beforeWorkers: async () => {
        own = joinOwn(plan.ownObjectives, folder, resumed ? null : 1);
        await own.joined;
      },
    },
    (status) => {
      tell(statusEvent(status));
      for (const text of [...gathering(status), ...notesOf(status)]) tell({ kind: 'note', text });
    },
    (text) => tell({ kind: 'note', text }),
  );
  const record = new RunRecorder(folder, numerics, resumed, () => supervision.rows());
  await record.load();
  const preparing = traceOf(plan).now();
  if (!resumed || !existsSync(folder.split)) await prepare(plan, record, tell, signal);
  else
    await checkData(
      folder,
      options,
      (what, done, total) => tell({ kind: 'preparing', what, done, total }),
      signal,
    );
  traceOf(plan).span('phase', 'prepare', preparing);
  const stop = (): void => supervision.interrupt();
  const drain = (): void => {
    tell({
      kind: 'note',
      text: 'stops after the step at work, and writes the weights; again: stops at once',
    });
    supervision.drain();
  };
  wishes.signal.addEventListener('abort', stop);
  wishes.drain.addEventListener('abort', drain);
  try {
    signal.throwIfAborted();
    if ((await supervision.run(record)) === 'interrupted') throw signal.reason;
  } finally {
    wishes.signal.removeEventListener('abort', stop);
    wishes.drain.removeEventListener('abort', drain);
    (own as ReturnType<typeof joinOwn> | null)?.close();
  }
  await rm(folder.bus, { force: true });
}

async function prepare(plan: RunPlan, record: RunRecorder, tell: Tell, signal: AbortSignal): Promise<void> {
  const start = performance.now();
  const { badScans, remarks } = await prepareRun(
    plan.folder,
    plan.options,
    (what, done, total) => tell({ kind: 'preparing', what, done, total }),
    signal,
  );
  const skipped = badScans.map(({ path, reason }) => ({ path, reason }));
  record.badScans = skipped;
  const seconds = (performance.now() - start) / 1000;
  record.addSeconds('prepareSeconds', seconds);
  record.addSeconds('totalSeconds', seconds);
  tell({ kind: 'prepared', skipped, remarks });
}
