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
import { sourceOf } from './retrain-source.js';
import { startRetraining } from './retrain-start.js';
import { runStages } from './retrain-stages.js';
import { showRun } from './run-search.js';
import type { StudyContext, StudyPhase } from './study-context.js';
import { cleared, goOnWith, MODEL, NEW_SCANS } from './study-context.js';
import { TABLE_FORMATS, tablesOf } from './tables.js';

const SEARCH = 'search';
const RECIPE = 'recipe.yaml';
const SEARCH_CONFIG = 'search.yaml';

export const STUDY_PHASES: readonly StudyPhase[] = [
  { name: 'new-scans', what: 'phantoms of patients that the search never sees', run: makeNewScans },
  { name: 'search', what: 'the search, on phantoms of its own', run: runSearch },
  { name: 'retrain', what: 'the best networks of the front, trained from scratch', run: retrain },
  { name: 'tables', what: 'the tables of the paper with the model in them', run: tabulate },
  {
    name: 'explain',
    what: 'heat maps of new scans with a lesion',
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
      (stop) =>
        begun
          ? resume(folder.root, { trainers, signal: stop })
          : search({ config, out: folder.root, trainers, signal: stop }),
      json,
      signal,
    );
  return ['report.html', 'front.json', 'history.jsonl', 'split.json', 'config.yaml'].map(
    (name) => `${SEARCH}/${name}`,
  );
}

async function retrain({ root, study, trainers, json }: StudyContext): Promise<string[]> {
  const { top, rankEpochs, epochs, recipe } = study.retrain;
  const config = join(root, RECIPE);
  await writeFileAtomic(config, stringify(recipe));
  const folder = join(root, MODEL);
  const processes = { ...(trainers === undefined ? {} : { trainers }), json };
  const flags = { config: [config], top, rankEpochs, epochs, ...processes };
  if (!existsSync(retrainingFolder(folder).record)) {
    const source = await sourceOf(join(root, SEARCH), folder, flags);
    await startRetraining(source, await cleared(folder), flags);
  }
  await runStages(folder, processes);
  // What makes the model is a process of its own, which has said why it failed.
  if (!existsSync(retrainingFolder(folder).model))
    throw new StudyError(`expected a model in ${folder} after its training, got none; ${goOnWith(root)}`);
  const weights = (await readdir(folder)).filter((name) => name.endsWith('.f32'));
  return ['model.json', 'predictions.json', ...weights].map((name) => `${MODEL}/${name}`);
}

const TABLE_FILES = { text: 'tables.txt', csv: 'tables.csv', md: 'tables.md', latex: 'tables.tex' } as const;

async function tabulate({ root }: StudyContext): Promise<string[]> {
  const tables = await tablesOf([`study=${join(root, MODEL)}`]);
  for (const [format, make] of Object.entries(TABLE_FORMATS))
    await writeFileAtomic(join(root, TABLE_FILES[format as keyof typeof TABLE_FILES]), make(tables));
  return Object.values(TABLE_FILES);
}
