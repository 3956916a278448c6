/** The stages of a retraining: rank, train the best, make the model. Each goes on where it was cut off. */
import { existsSync } from 'node:fs';
import { resume, search } from '../library/search.js';
import type { ModelDocument } from '../model/schema.js';
import { readModel } from '../model/read-model.js';
import { percent } from '../report/numbers.js';
import { finishModel } from '../retraining/finish.js';
import type { RetrainingRecord } from '../retraining/record.js';
import { readRecord, RetrainingError, retrainingFolder } from '../retraining/record.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { readRecordIfSound } from '../run/record.js';
import { print, printJson } from './output.js';
import type { RetrainFlags } from './retrain-flags.js';
import { requireRetraining } from './retrain-start.js';
import { interruption, showRun } from './run-search.js';
import { inTensorProcess } from './tensor-process.js';

/** Errors: Interrupted; those of a run, and of making the model. */
export async function runStages(root: string, flags: RetrainFlags): Promise<void> {
  requireRetraining(root);
  const folder = retrainingFolder(root);
  const record = await readRecord(folder.record);
  if (existsSync(folder.model) && flags.reopenTest !== true) return showModel(root, flags);
  const stopped = interruption(`go on with: npx emars retrain --resume ${root}`);
  try {
    const best = await rankedBest(root, record, { ...flags, signal: stopped.signal });
    await stage(
      folder.final,
      { config: folder.finalConfig, cohort: [best] },
      { ...flags, signal: stopped.signal },
    );
    const { threads } = readOptions(runFolder(folder.final)).engine;
    if (!(await inTensorProcess(threads, resumeArguments(root, flags)))) {
      stopped.signal.throwIfAborted();
      return;
    }
  } finally {
    stopped.forget();
  }
  await finishModel({
    run: folder.final,
    out: root,
    testRecord: record.testRecord,
    reopenTest: flags.reopenTest === true,
  });
  await showModel(root, flags);
}

function resumeArguments(root: string, { reopenTest, json }: RetrainFlags): string[] {
  return [
    ...['retrain', '--resume', root],
    ...(reopenTest === true ? ['--reopen-test'] : []),
    ...(json === true ? ['--json'] : []),
  ];
}

/** Flags of the command, and what a wish to stop it aborts. */
type Stoppable = RetrainFlags & { readonly signal: AbortSignal };

/** Genome of the candidate that did best on D_val in the epochs that rank. */
async function rankedBest(
  root: string,
  record: RetrainingRecord,
  flags: Stoppable,
): Promise<readonly string[]> {
  const [only, ...others] = record.candidates;
  if (others.length === 0) return only!.genome;
  const { rank: path, rankConfig: config } = retrainingFolder(root);
  await stage(path, { config, cohort: record.candidates.map(({ genome }) => genome) }, flags);
  const { chosen } = await readFront(runFolder(path));
  const best = record.candidates.find(({ id }) => id === chosen?.individual);
  if (best === undefined)
    throw new RetrainingError(`expected a candidate of ${root} to be measured, got none; see ${path}`);
  return best.genome;
}

/** A stage to its end: begun from its configuration, or gone on with. A wish to stop is found at its end, too. */
async function stage(
  path: string,
  { config, cohort }: { readonly config: string; readonly cohort: readonly (readonly string[])[] },
  { trainers, devices, json, signal }: Stoppable,
): Promise<void> {
  const folder = runFolder(path);
  if ((await readRecordIfSound(folder))?.status === 'finished') return;
  await showRun(
    () =>
      existsSync(folder.snapshots)
        ? resume(path, { trainers, devices, signal })
        : search({ config, options: { cohort }, out: path, trainers, devices, signal }),
    json === true,
    signal,
  );
  signal.throwIfAborted();
}

async function showModel(root: string, flags: RetrainFlags): Promise<void> {
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
      testOpenings: openingsOf(document),
    });
  for (const line of describeModel(document)) await print(line);
  await print(`model: ${model}`);
}

function openingsOf({ training }: ModelDocument): number {
  const { testOpenings } = training.options;
  return typeof testOpenings === 'number' ? testOpenings : 0;
}

/** Figures of a model in lines for people. */
function describeModel(document: ModelDocument): string[] {
  const openings = openingsOf(document);
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
      : openings > 1
        ? [`the test set was opened ${openings} times: these figures are not those of one honest look`]
        : [];
  return [...rows, ...test];
}
