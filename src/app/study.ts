/** `emars study`: everything from scans to a model in use, in one folder with one page that names all of it. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { loadOptions } from '../config/load.js';
import type { Options } from '../config/options.js';
import { requireFile, requireFolder } from '../library/request.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { acquireRunLock } from '../runtime/storage/run-lock.js';
import { isDone, readStudyRecord, recordPhase } from '../study/record.js';
import type { StudyOptions } from '../study/schema.js';
import { LARGEST_STUDY, parseStudy, StudyConfigError } from '../study/schema.js';
import { jsonOption, readSmallFile } from './arguments.js';
import { Interrupted, UsageError } from './errors.js';
import { interruptible } from './interrupt.js';
import { print, printJson } from './output.js';
import { trainersOption } from './process-options.js';
import { newFolder } from './search.js';
import type { StudyContext } from './study-context.js';
import { goOnWith } from './study-context.js';
import { inTensorProcess, isTensorProcess } from './tensor-process.js';

const CONFIG = 'study.yaml';

interface Flags {
  readonly config?: string;
  readonly out?: string;
  readonly resume?: string;
  readonly trainers?: number;
  readonly json?: boolean;
}

export function registerStudy(program: Command): void {
  program
    .command('study')
    .description(
      'Makes phantoms, searches, retrains the best networks and trains baselines, tabulates, explains, exports ' +
        'and predicts, and writes one page that names and links every file. Killed at any time, it goes on ' +
        'with --resume.',
    )
    .option('--config <file>', 'YAML file of the study')
    .option('--out <dir>', 'folder of the study, made new (default: runs/study)')
    .option('--resume <dir>', 'go on with the study in this folder; without --config')
    .addOption(trainersOption('trainer processes; any number gives the same study (default: 2)'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  emars study --config configs/study-quickstart.yaml --out runs/study
  emars study --resume runs/study --trainers 1`,
    )
    .action(study);
}

async function study(flags: Flags): Promise<void> {
  const root = flags.resume === undefined ? await begin(flags) : goOn(flags.resume, flags);
  const text = await readFile(join(root, CONFIG), 'utf8');
  const options = parseStudy(join(root, CONFIG), text);
  // The process of one phase works under the lock of the study that started it.
  const lock = isTensorProcess() ? null : await acquireRunLock(root);
  try {
    await interruptible(`go on with: ${goOnWith(root)}`, (signal) =>
      conduct({
        root,
        study: options,
        options: searchOptions(join(root, CONFIG), options),
        trainers: flags.trainers,
        json: flags.json === true,
        signal,
      }),
    );
  } catch (error) {
    // A phase that was interrupted names its own way on, which is a part of this one.
    throw error instanceof Interrupted ? new Interrupted(`go on with: ${goOnWith(root)}`) : error;
  } finally {
    await lock?.release();
  }
}

/** Everything is checked before the folder is made. */
async function begin({ config, out }: Flags): Promise<string> {
  if (config === undefined)
    throw new UsageError(
      'expected --config FILE for a new study or --resume DIR for one that was cut off, got neither; ' +
        'see emars study --help',
    );
  requireFile(config, 'a study file (--config)');
  const text = await readSmallFile(config, LARGEST_STUDY, 'a study file');
  searchOptions(config, parseStudy(config, text));
  const root = resolve(newFolder(out ?? 'runs/study', 'study'));
  await mkdir(root, { recursive: true });
  await writeFileAtomic(join(root, CONFIG), text);
  return root;
}

function goOn(root: string, { config, out }: Flags): string {
  if (config !== undefined || out !== undefined)
    throw new UsageError('--resume: expected no --config and --out, which the study has; leave them out');
  requireFolder(root, 'the folder of a study');
  if (!existsSync(join(root, CONFIG)))
    throw new UsageError(
      `expected the folder of a study, got "${root}", which has no ${CONFIG}; ` +
        'start one with emars study --config FILE',
    );
  return resolve(root);
}

/** Options of the search and, only checked, those of the retraining. Errors: ConfigError, StudyConfigError. */
function searchOptions(path: string, { search, retrain, baselines, newScans }: StudyOptions): Options {
  const wrong = (message: string): StudyConfigError => new StudyConfigError(`${path}: ${message}`);
  const text = stringify(search);
  const options = loadOptions({ text });
  const { recipe } = retrain;
  loadOptions({ text, overrides: recipe });
  // A baseline has no genome, which some objectives need: told now, not after the search.
  for (const network of baselines.networks)
    loadOptions({ text, overrides: { ...recipe, cohort: [[network]] } });
  if (options.data.path !== null)
    throw wrong(`search.data.path: expected none, for a study makes its phantoms, got ${options.data.path}`);
  if (options.data.split.test === 0)
    throw wrong('search.data.split.test: expected a share above 0 for honest figures, as 0.2, got 0');
  if (newScans.seed === options.data.phantom.seed)
    throw wrong(`newScans.seed: expected another than data.phantom.seed, got ${newScans.seed} for both`);
  return options;
}

async function conduct(context: StudyContext): Promise<void> {
  const { root, json, signal } = context;
  // Networks and charts take a while to load, which other commands need not wait for.
  const [{ STUDY_PHASES }, { writeStudyPage }] = await Promise.all([
    import('./study-phases.js'),
    import('./study-report.js'),
  ]);
  const order = STUDY_PHASES.map(({ name }) => name);
  let record = await readStudyRecord(root);
  for (const [index, { name, what, tensors, run }] of STUDY_PHASES.entries()) {
    signal.throwIfAborted();
    const done = await isDone(root, record, name);
    if (isTensorProcess()) {
      if (done) continue;
      // One phase; the study that started this process goes on with the next.
      await inTensorProcess(1, []);
      await recordPhase(root, order, name, await run(context));
      return;
    }
    const place = `${index + 1}/${order.length}`;
    if (json) await printJson({ study: name, number: index + 1, of: order.length, done });
    else await print(`${place} ${name}: ${done ? 'done before' : what}`);
    if (done) continue;
    if (tensors !== true) record = await recordPhase(root, order, name, await run(context));
    else {
      await inTensorProcess(1, ['study', '--resume', root]);
      signal.throwIfAborted();
      record = await readStudyRecord(root);
      // It has said why, and its exit code is that of this command.
      if (!(await isDone(root, record, name))) return;
    }
  }
  const page = await writeStudyPage(context, record);
  const files = record.phases.flatMap((phase) => phase.files.map(({ path }) => path));
  if (json) await printJson({ study: 'done', page, files });
  else await print(`\nall of it: ${page}`);
}
