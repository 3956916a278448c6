/**
 * From folders to entries. A folder is that of a search, of a retraining, of a model, or one that holds
 * folders of models. Of a search that was retrained, the model counts; of one that was not, the best
 * individual with shared weights.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Options } from '../config/options.js';
import { readModel } from '../model/read-model.js';
import type { ModelDocument } from '../model/schema.js';
import { readPredictions } from '../model/stored-predictions.js';
import { MODEL_FILE } from '../model/write-model.js';
import { openingsRemark } from '../model/test-openings.js';
import { isBaselines, readBaselines, readRecord, retrainingFolder } from '../retraining/record.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import type { Entry, Experiment } from './entry.js';
import { experimentOf, modelCells, networkName, sizeCell } from './entry.js';
import { TablesError } from './errors.js';
import { sharedWeightsEntry } from './shared-weights.js';

/** Folders of models in one folder, at most. */
const MOST_MODELS = 1000;

/**
 * What is at `path`, named `label` or else after the folder.
 * Errors: TablesError, ModelError, RetrainingError, RunFolderError, ConfigError.
 */
export async function readEntries(path: string, label: string | null): Promise<Entry[]> {
  const root = resolve(basename(path) === MODEL_FILE ? dirname(path) : path);
  if (existsSync(join(root, MODEL_FILE))) return [await modelEntry(root, label ?? nameOf(root))];
  if (existsSync(retrainingFolder(root).record)) throw unfinished(root);
  if (existsSync(runFolder(root).config)) return runEntries(root, label ?? nameOf(root));
  if (isBaselines(root)) return baselineEntries(root, label ?? nameOf(root));
  const below = await modelsBelow(root);
  if (below.length > 0)
    return Promise.all(
      below.map((name) => modelEntry(join(root, name), label === null ? name : `${label}/${name}`)),
    );
  throw new TablesError(
    `expected the folder of a run, of a retraining or of a model, got "${path}", ` +
      `which has no config.yaml, retrain.json or ${MODEL_FILE}`,
  );
}

async function modelsBelow(root: string): Promise<string[]> {
  const names = (await readdir(root)).sort();
  return names.filter((name) => existsSync(join(root, name, MODEL_FILE))).slice(0, MOST_MODELS);
}

/** The last part of a path; of `runs/a/retrain`, which all runs have, the one before. */
function nameOf(root: string): string {
  return basename(root) === 'retrain' ? basename(dirname(root)) : basename(root);
}

/** A run's model, or what there is before it, and the baselines that were trained beside it. */
async function runEntries(root: string, name: string): Promise<Entry[]> {
  const beside = join(root, 'baselines');
  return [await runEntry(root, name), ...(isBaselines(beside) ? await baselineEntries(beside, name) : [])];
}

async function runEntry(root: string, name: string): Promise<Entry> {
  const beside = join(root, 'retrain');
  if (existsSync(join(beside, MODEL_FILE))) return modelEntry(beside, name);
  if (existsSync(retrainingFolder(beside).record)) throw unfinished(beside);
  return sharedWeightsEntry(root, name);
}

/** All of them, or none: a table without the one that is still trained would look whole. */
async function baselineEntries(root: string, name: string): Promise<Entry[]> {
  const networks = await readBaselines(root);
  const missing = networks.find((network) => !existsSync(join(root, network, MODEL_FILE)));
  if (missing !== undefined)
    throw new TablesError(
      `expected finished baselines, got ${root}, in which ${missing} has no ${MODEL_FILE} yet; ` +
        `go on with them: emars baselines --resume ${root}`,
    );
  return Promise.all(networks.map((network) => modelEntry(join(root, network), `${name}/${network}`)));
}

const unfinished = (root: string): TablesError =>
  new TablesError(
    `expected a finished retraining, got ${root}, which has no ${MODEL_FILE} yet; ` +
      `go on with it: emars retrain --resume ${root}`,
  );

/** What the folder around a model says of it. */
interface Origin {
  readonly experiment: Experiment | null;
  readonly transfer: boolean;
  /** Name of the data set. */
  readonly data: string | null;
}

async function originOf(root: string): Promise<Origin> {
  const folder = retrainingFolder(root);
  if (!existsSync(folder.record)) return { experiment: null, transfer: false, data: null };
  const { testRecord } = await readRecord(folder.record);
  const run = dirname(testRecord);
  const transfer = run === root;
  const searched = !transfer && existsSync(runFolder(run).config) ? readOptions(runFolder(run)) : null;
  const final = existsSync(runFolder(folder.final).config) ? readOptions(runFolder(folder.final)) : null;
  return {
    experiment: searched === null ? null : experimentOf(searched.objectives),
    transfer,
    data: dataName(searched ?? final),
  };
}

/** Name of the scans of a run: that of their folder. */
function dataName(options: Options | null): string | null {
  if (options === null) return null;
  return options.data.path === null ? 'phantoms' : basename(options.data.path);
}

async function modelEntry(root: string, name: string): Promise<Entry> {
  const { document } = await readModel(root);
  const { experiment, transfer, data } = await originOf(root);
  const side = document.metrics.test !== null ? 'test' : 'validation';
  const report = document.metrics[side];
  const { parameters, sha256 } = document.weights;
  const { classes } = document;
  const stored = await readPredictions(root, sha256);
  const positive = document.positive === null ? null : classes.indexOf(document.positive);
  return {
    name,
    network: networkName(document, experiment),
    kind: document.architecture.kind === 'path' ? 'searched' : 'baseline',
    transfer,
    data: [data, report === null ? null : side === 'test' ? 'test' : 'D_val']
      .filter((part) => part !== null)
      .join(', '),
    cells:
      report === null
        ? {
            size: sizeCell(parameters),
            accuracy: null,
            precision: null,
            sensitivity: null,
            f1: null,
            auc: null,
          }
        : modelCells(parameters, report, positive),
    notes: notesOn(name, document),
    predicted: stored === null ? null : { name, classes, positive: document.positive, scans: stored[side] },
  };
}

/** What a reader must know before he compares. */
function notesOn(name: string, document: ModelDocument): string[] {
  const { metrics, positive, classes } = document;
  const remark = openingsRemark(document);
  return [
    ...(metrics.test === null && metrics.validation !== null
      ? [`${name}: no test set; figures on D_val, by which its epoch was chosen`]
      : []),
    ...(metrics.test === null && metrics.validation === null ? [`${name}: the model has no figures`] : []),
    ...(remark === null ? [] : [`${name}: ${remark}`]),
    ...(positive === null
      ? [`${name}: no positive class among ${classes.join(', ')}, hence no precision, sensitivity and F1`]
      : []),
  ];
}
