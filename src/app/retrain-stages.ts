/** The stages of a retraining: rank, train the best, make the model. Each goes on where it was cut off. */
import { existsSync } from 'node:fs';
import type { Profile } from '../library/profile.js';
import { resume, search } from '../library/search.js';
import type { Options } from '../config/options.js';
import type { ModelDocument } from '../model/schema.js';
import { readModel } from '../model/read-model.js';
import { openingsRemark, testOpeningsOf } from '../model/test-openings.js';
import { percent } from '../report/numbers.js';
import { finishModel } from '../retraining/finish.js';
import type { RetrainingRecord } from '../retraining/record.js';
import { readRecord, RetrainingError, retrainingFolder } from '../retraining/record.js';
import { sharedWeightsFile } from '../retraining/shared-weights.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { readRecordIfSound } from '../run/record.js';
import { print, printJson } from './output.js';
import type { RetrainCommandFlags, RetrainFlags } from './retrain-flags.js';
import { requireRetraining } from './retrain-start.js';
import type { Wishes } from './run-search.js';
import { withProfile } from './profile-option.js';
import { interruption, showRun } from './run-search.js';
import { inTensorProcess } from './tensor-process.js';

/** All stages of a retraining, and its model. Errors: Interrupted; those of a run and of making the model. */
export async function runStages(root: string, flags: RetrainCommandFlags): Promise<void> {
  requireRetraining(root);
  const stopped = interruption(`go on with: npx emars retrain --resume ${root}`);
  let here: boolean;
  try {
    here = await withProfile(flags, (profile) => trainStages(root, { ...flags, profile, ...stopped.wishes }));
  } finally {
    stopped.forget();
  }
  // Nothing catches a signal here: TensorFlow holds the thread, and the process ends at once.
  if (here) await finish(root, flags);
}

/**
 * The stages, and the model in a process of its own; true where this is that process, and the model is still
 * to be made. Errors: as of `runStages`.
 */
export async function trainStages(root: string, flags: Stoppable): Promise<boolean> {
  const folder = retrainingFolder(root);
  const record = await readRecord(folder.record);
  if (existsSync(folder.model) && flags.reopenTest !== true) {
    await showModel(root, flags);
    return false;
  }
  const best = await rankedBest(root, record, flags);
  await stage(folder.final, { config: folder.finalConfig, ...membersOf(root, record, [best]) }, flags);
  const { threads } = readOptions(runFolder(folder.final)).engine;
  const making = flags.profile?.trace.now() ?? 0;
  if (await inTensorProcess(threads, resumeArguments(root, flags))) return true;
  flags.profile?.trace.span('phase', 'make the model', making);
  flags.drain.throwIfAborted();
  return false;
}

async function finish(root: string, flags: RetrainFlags): Promise<void> {
  const folder = retrainingFolder(root);
  await finishModel({
    run: folder.final,
    out: root,
    testRecord: (await readRecord(folder.record)).testRecord,
    reopenTest: flags.reopenTest === true,
  });
  await showModel(root, flags);
}

function resumeArguments(
  root: string,
  { reopenTest, json }: Pick<RetrainFlags, 'reopenTest' | 'json'>,
): string[] {
  return [
    ...['retrain', '--resume', root],
    ...(reopenTest === true ? ['--reopen-test'] : []),
    ...(json === true ? ['--json'] : []),
  ];
}

/** Flags of the command, and what wishes to stop it abort. */
type Stoppable = RetrainFlags & Wishes & { readonly profile?: Profile | undefined };

/** Who is trained, and with which weights it begins. */
type Members = Pick<Options, 'cohort' | 'cohortWeights'>;

function membersOf(
  root: string,
  { fromShared }: RetrainingRecord,
  candidates: RetrainingRecord['candidates'],
): Members {
  const { shared } = retrainingFolder(root);
  return {
    cohort: candidates.map(({ genome }) => genome),
    cohortWeights: fromShared ? candidates.map(({ id }) => sharedWeightsFile(shared, id)) : null,
  };
}

/** The candidate that did best on D_val in the epochs that rank. */
async function rankedBest(
  root: string,
  record: RetrainingRecord,
  flags: Stoppable,
): Promise<RetrainingRecord['candidates'][number]> {
  const [only, ...others] = record.candidates;
  if (others.length === 0) return only!;
  const { rank: path, rankConfig: config } = retrainingFolder(root);
  await stage(path, { config, ...membersOf(root, record, record.candidates) }, flags);
  const { chosen } = await readFront(runFolder(path));
  const best = record.candidates.find(({ id }) => id === chosen?.individual);
  if (best === undefined)
    throw new RetrainingError(`expected a candidate of ${root} to be measured, got none; see ${path}`);
  return best;
}

/** A stage to its end: begun from its configuration, or gone on with. A wish to stop is found at its end, too. */
async function stage(
  path: string,
  { config, ...members }: Members & { readonly config: string },
  { json, trainers, devices, profile, drain, signal }: Stoppable,
): Promise<void> {
  const folder = runFolder(path);
  if ((await readRecordIfSound(folder))?.status === 'finished') return;
  const given = { trainers, devices, profile, drain, signal };
  await showRun(
    () =>
      existsSync(folder.snapshots)
        ? resume(path, given)
        : search({ config, options: members, out: path, ...given }),
    json === true,
  );
  drain.throwIfAborted();
}

async function showModel(root: string, flags: Pick<RetrainFlags, 'json'>): Promise<void> {
  const { document } = await readModel(root);
  const { model } = retrainingFolder(root);
  if (flags.json === true)
    return printJson({
      phase: 'done',
      epoch: null,
      step: null,
      eta: 0,
      trainers: 0,
      model,
      metrics: document.metrics,
      testOpenings: testOpeningsOf(document),
    });
  for (const line of describeModel(document)) await print(line);
  await print(`model: ${model}`);
}

/** Figures of a model in lines for people. */
function describeModel(document: ModelDocument): string[] {
  const remark = openingsRemark(document);
  const rows = (['validation', 'test'] as const).flatMap((side) => {
    const report = document.metrics[side];
    if (report === null) return [];
    const { low, high } = report.intervals.accuracy ?? { low: NaN, high: NaN };
    const auc = report.auc === null ? '' : `, AUC ${report.auc.toFixed(3)}`;
    return [
      `${side}: accuracy ${percent(report.accuracy ?? NaN)} (95 % ${percent(low)} to ${percent(high)})${auc}, ` +
        `${report.n} scans of ${report.patients} patients`,
    ];
  });
  const test =
    document.metrics.test === null
      ? ['test: there is no test side in this split (data.split.test)']
      : remark === null
        ? []
        : [remark];
  return [...rows, ...test];
}
