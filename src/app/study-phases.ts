/** The phases of a study, in order. Each goes on with what is there, or makes its files anew. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { resume, search } from '../library/search.js';
import { writePhantoms } from '../scan/phantom/phantom.js';
import { retrainingFolder } from '../retraining/record.js';
import { runFolder } from '../run/folder.js';
import { readRecordIfSound } from '../run/record.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { StudyError } from '../study/record.js';
import { counter } from './counter.js';
import type { Source } from './retrain-source.js';
import { fromBaseline, sourceOf } from './retrain-source.js';
import { startRetraining } from './retrain-start.js';
import { trainStages } from './retrain-stages.js';
import { showRun } from './run-search.js';
import type { StudyContext, StudyPhase } from './study-context.js';
import { BASELINES, cleared, goOnWith, MODEL, modelPaths, NEW_SCANS } from './study-context.js';
import { TABLE_FORMATS, tablesOf } from './tables.js';

const SEARCH = 'search';
const RECIPE = 'recipe.yaml';
const SEARCH_CONFIG = 'search.yaml';

export const STUDY_PHASES: readonly StudyPhase[] = [
  { name: 'new-scans', what: 'phantoms of patients that the search never sees', run: makeNewScans },
  { name: 'search', what: 'the search, on phantoms of its own', run: runSearch },
  { name: 'retrain', what: 'the best networks of the front, trained from scratch', run: retrain },
  { name: 'baselines', what: 'networks designed by hand, by the same recipe', run: trainBaselines },
  { name: 'tables', what: 'the tables of the paper with these models in them', run: tabulate },
  {
    name: 'explain',
    what: 'heat maps of new scans with a lesion',
    tensors: true,
    run: async (context) => (await import('./study-model.js')).explainNewScans(context),
  },
  {
    name: 'export',
    what: 'the model for other programs',
    run: async (context) => (await import('./study-model.js')).exportStudyModel(context),
  },
  {
    name: 'predict',
    what: 'predictions and figures on the new scans',
    tensors: true,
    run: async (context) => (await import('./study-model.js')).predictNewScans(context),
  },
];

async function makeNewScans({ root, study, options, signal }: StudyContext): Promise<string[]> {
  const { slices, size, ...phantom } = options.data.phantom;
  await writePhantoms(await cleared(join(root, NEW_SCANS)), {
    ...phantom,
    ...study.newScans,
    shape: [slices, size, size],
    signal,
    onProgress: counter('making phantoms'),
  });
  return [`${NEW_SCANS}/phantoms.json`];
}

async function runSearch({ root, study, trainers, json, signal }: StudyContext): Promise<string[]> {
  const config = join(root, SEARCH_CONFIG);
  await writeFileAtomic(config, stringify(study.search));
  const folder = runFolder(join(root, SEARCH));
  const begun = existsSync(folder.config) && existsSync(folder.snapshots);
  if (!begun) await cleared(folder.root);
  if ((await readRecordIfSound(folder))?.status !== 'finished' || !existsSync(folder.report))
    await showRun(
      () =>
        begun
          ? resume(folder.root, { trainers, drain: signal })
          : search({ config, out: folder.root, trainers, drain: signal }),
      json,
    );
  return ['report.html', 'front.json', 'history.jsonl', 'split.json', 'config.yaml'].map(
    (name) => `${SEARCH}/${name}`,
  );
}

async function retrain(context: StudyContext): Promise<string[]> {
  const { top, rankEpochs, epochs } = context.study.retrain;
  const search = join(context.root, SEARCH);
  return trained(context, MODEL, { rankEpochs, epochs }, (root) => sourceOf(search, root, { top }));
}

/** Each baseline by the recipe of the retraining, as its last stage. */
async function trainBaselines(context: StudyContext): Promise<string[]> {
  const { networks, epochs } = context.study.baselines;
  const run = join(context.root, SEARCH);
  const files: string[] = [];
  for (const network of networks)
    files.push(
      ...(await trained(context, `${BASELINES}/${network}`, { epochs }, (root) =>
        fromBaseline(network, { run, root }, {}),
      )),
    );
  return files;
}

/** Trains what `source` gives to a model in `folder`, or goes on with that; returns the model's files. */
async function trained(
  { root, study, trainers, json, signal }: StudyContext,
  folder: string,
  epochs: { readonly rankEpochs?: number; readonly epochs: number },
  source: (path: string) => Promise<Source>,
): Promise<string[]> {
  const config = join(root, RECIPE);
  const path = join(root, folder);
  await writeFileAtomic(config, stringify(study.retrain.recipe));
  if (!existsSync(retrainingFolder(path).record)) {
    const from = await source(path);
    await startRetraining(from, await cleared(path), { config: [config], ...epochs });
  }
  await trainStages(path, { ...(trainers === undefined ? {} : { trainers }), json, drain: signal });
  // What makes the model is a process of its own, which has said why it failed.
  if (!existsSync(retrainingFolder(path).model))
    throw new StudyError(`expected a model in ${path} after its training, got none; ${goOnWith(root)}`);
  const weights = (await readdir(path)).filter((name) => name.endsWith('.f32'));
  return ['model.json', 'predictions.json', ...weights].map((name) => `${folder}/${name}`);
}

const TABLE_FILES = { text: 'tables.txt', csv: 'tables.csv', md: 'tables.md', latex: 'tables.tex' } as const;

async function tabulate(context: StudyContext): Promise<string[]> {
  const { root } = context;
  const tables = await tablesOf(modelPaths(context));
  for (const [format, make] of Object.entries(TABLE_FORMATS))
    await writeFileAtomic(join(root, TABLE_FILES[format as keyof typeof TABLE_FILES]), make(tables));
  return Object.values(TABLE_FILES);
}
