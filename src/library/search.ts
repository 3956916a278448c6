/** A search as functions: `search` begins one, `resume` goes on with one that was cut off. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readOptions } from '../run/config.js';
import type { RunFolder } from '../run/folder.js';
import { runFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { readRecordIfSound } from '../run/record.js';
import type { BrokerRequest } from './broker.js';
import { brokerAccess } from './broker.js';
import type { RunPlan, StopWishes } from './conduct-run.js';
import { conductRun } from './conduct-run.js';
import type { ConfigurationSources, FilledConfiguration } from './configuration.js';
import { filledConfiguration } from './configuration.js';
import { EventStream } from './event-stream.js';
import { dealtProcesses } from './deal-devices.js';
import type { Profile } from './profile.js';
import { expectNewFolder, requireFile, requireFolder } from './request.js';
import type { OwnObjective } from './own-objectives.js';
import { requireSound } from './own-objectives.js';
import { requireBegunRun } from './run-argument.js';
import type { RunEvent, RunResult } from './run-events.js';

/** Which processes make a run, and how it is stopped. None of it changes the front. */
export interface ProcessOptions {
  /** The search waits for so many trainers, those of other hosts included. Default: no minimum. */
  readonly minTrainers?: number | undefined;
  /**
   * Trainer processes, 1…256; 0 with `minTrainers`, where other hosts train. Default: one a device; of CPUs at
   * least 2.
   */
  readonly trainers?: number | undefined;
  /**
   * "cpu", or "cuda:0", "cuda:1", …: dealt out to the trainers, then the evaluator. A GPU is one trainer's, of this
   * run or another. Default: ["cpu"].
   */
  readonly devices?: readonly string[] | undefined;
  /** Device of the evaluator. Default: the next of `devices` in turn, shared with a trainer if there are no more. */
  readonly evaluatorDevice?: string | undefined;
  /** Default: a nats-server is started on the loopback interface. */
  readonly broker?: BrokerRequest | undefined;
  /** Records what its processes on this host do when, see {@link openProfile}. Default: nothing is recorded. */
  readonly profile?: Profile | undefined;
  /**
   * Stops the run after the step at work: its weights are written, so that {@link resume} goes on from there. The
   * promise of its result is then rejected with the reason of this signal.
   */
  readonly drain?: AbortSignal | undefined;
  /** Stops the run at once; what is in its journal is kept. The promise of its result is rejected likewise. */
  readonly signal?: AbortSignal | undefined;
}

/** A new search. */
export interface SearchRequest extends ConfigurationSources, ProcessOptions {
  /** Folder of the run: not there yet, or empty. */
  readonly out: string;
}

/** A search that goes on. */
export interface ResumeRequest extends ProcessOptions {
  /** Those that were given to the search as objects, with the same functions; the search waits for them. */
  readonly objectives?: readonly OwnObjective[] | undefined;
}

/** A search that is running. Nothing has to be read for it to go on. */
export interface Run {
  /** Absolute path of the run folder. */
  readonly folder: string;
  /**
   * What happens, in order, for one reader. It ends after `finished`, and throws what the run fails with.
   * A reader that is slow finds the newest status, not all of them.
   */
  readonly events: AsyncIterable<RunEvent>;
  /** Resolves when the search has finished; rejects with what it fails with. */
  readonly result: Promise<RunResult>;
}

/**
 * Begins a search. Its processes end with this one; what is done by then is kept, see {@link resume}.
 *
 * Errors: ConfigError for a configuration with problems (all of them at once) and RequestError for a
 * folder in use, both thrown at once; all others reject the result.
 *
 * @example
 * ```ts
 * const run = search({ config: 'configs/smoke.yaml', options: { seed: 7 }, out: 'runs/seven' });
 * for await (const event of run.events) if (event.kind === 'status') console.log(event.epoch);
 * console.log((await run.result).front);
 * ```
 */
export function search(request: SearchRequest): Run {
  const configuration = filledConfiguration(request);
  const folder = runFolder(resolve(request.out));
  expectNewFolder(folder.root);
  return begin(planOf(folder, configuration, false, request), request);
}

/**
 * Goes on with the search in `folder`, from the step that it was drained at, else from its last whole epoch;
 * of a finished one it gives the result again. The configuration is the run's own. Errors: as {@link search}.
 */
export function resume(folder: string, request: ResumeRequest = {}): Run {
  const paths = runFolder(resolve(folder));
  requireBegunRun(paths.root);
  const own = request.objectives ?? [];
  requireSound(own);
  return begin(planOf(paths, { options: readOptions(paths), own }, true, request), request);
}

function planOf(
  folder: RunFolder,
  { options, own }: FilledConfiguration,
  resumed: boolean,
  given: ProcessOptions,
): RunPlan {
  const processes = dealtProcesses(given, options.engine.numerics);
  const { path, split } = options.data;
  if (path !== null) requireFolder(path, 'a folder of scans (data.path)');
  if (split.file !== null) requireFile(split.file, 'a split file (data.split.file)');
  for (const file of options.cohortWeights ?? []) requireFile(file, 'a file of weights (cohortWeights)');
  const broker = brokerAccess(given.broker ?? {});
  const { profile = null } = given;
  return { folder, options, resumed, ...processes, broker, profile, ownObjectives: own };
}

function begin(plan: RunPlan, { drain, signal }: ProcessOptions): Run {
  const never = new AbortController().signal;
  const events = new EventStream<RunEvent>(isPassing);
  const result = outcome(plan, events, { drain: drain ?? never, signal: signal ?? never });
  // Who reads only the events learns of a failure there.
  result.catch(() => undefined);
  return { folder: plan.folder.root, events, result };
}

/** Of these only the newest matters to a reader that is slow. */
function isPassing(event: RunEvent): boolean {
  return (
    event.kind === 'status' || event.kind === 'preparing' || (event.kind === 'providing' && event.passing)
  );
}

async function outcome(plan: RunPlan, events: EventStream<RunEvent>, wishes: StopWishes): Promise<RunResult> {
  try {
    const result =
      (plan.resumed ? await finishedBefore(plan.folder) : null) ??
      (await conductRun(plan, (event) => events.push(event), wishes));
    events.push({ kind: 'finished', result });
    events.close();
    return result;
  } catch (error) {
    events.fail(error);
    throw error;
  }
}

/** The result of a run that needs no more work; null for any other. */
async function finishedBefore(folder: RunFolder): Promise<RunResult | null> {
  if ((await readRecordIfSound(folder))?.status !== 'finished') return null;
  if (!existsSync(folder.report)) await (await import('../report/build.js')).buildReport(folder.root);
  return { folder: folder.root, front: await readFront(folder), report: folder.report };
}
