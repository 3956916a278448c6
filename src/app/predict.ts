/** `emars predict MODEL SCAN…`: a model on scans whose class is not known. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { commandExit } from '../errors/exit-codes.js';
import { kindOf } from '../errors/error.js';
import { nativeParts } from '../library/native-parts.js';
import type { ScanProblem } from '../scan/errors.js';
import { tensorEnvironment } from '../tensor/environment.js';
import { jsonOption } from './arguments.js';
import { counter } from './counter.js';
import { interruptible } from './interrupt.js';
import { print, printJson, textTable } from './output.js';
import type { Prediction } from './predict-scans.js';

interface Row extends Prediction {
  readonly scan: string;
}

export function registerPredict(program: Command): void {
  program
    .command('predict')
    .summary('the class of scans by a trained model')
    .description(
      'Calibrated probabilities of each scan, how far flips move them, and warnings where a scan is unlike ' +
        'the training data. A scan that cannot be read does not end the rest; the exit code is then 3.',
    )
    .argument('<model>', 'folder of a model, or its model.json')
    .argument('<scans...>', 'files, folders of slices, or folders with any number of scans')
    .addOption(jsonOption())
    .addOption(new Option('--csv', 'a table for programs').conflicts('json'))
    .addHelpText(
      'after',
      '\nExamples:\n  emars predict models/nodules scan.nii.gz\n  emars predict models/nodules incoming --csv',
    )
    .action(predict);
}

async function predict(
  path: string,
  paths: readonly string[],
  { json, csv }: { readonly json?: boolean; readonly csv?: boolean },
): Promise<void> {
  const { readModel } = await import('../model/read-model.js');
  const model = await readModel(path);
  const failed: ScanProblem[] = [];
  const rows = await interruptible('', async (signal) => {
    await nativeParts((text, passing) => {
      if (!passing) process.stderr.write(`${text}\n`);
    }, signal);
    // TensorFlow reads these when it loads, which is at the first scan.
    Object.assign(process.env, tensorEnvironment({ threads: 1, cudaDevices: '' }));
    const [{ findScans }, { predictScan }] = await Promise.all([
      import('../scan/catalogue/find-scans.js'),
      import('./predict-scans.js'),
    ]);
    const found = [];
    for (const each of paths)
      found.push(...(await orFailed(each, failed, () => findScans(each, failed))).flat());
    const tell = counter('predicting');
    const predicted: Row[] = [];
    for (const [index, scan] of found.entries()) {
      signal.throwIfAborted();
      const name = join(scan.root, scan.path);
      const [prediction] = await orFailed(name, failed, () => predictScan(model, scan));
      if (prediction !== undefined) predicted.push({ scan: name, ...prediction });
      tell(index + 1, found.length);
    }
    return predicted;
  });
  const { classes, temperature } = model.document;
  if (json === true) await printJson({ classes, calibrated: temperature !== null, scans: rows, failed });
  else
    for (const line of csv === true ? csvLines(classes, rows) : textLines(classes, rows)) await print(line);
  if (json !== true)
    for (const { path: at, reason } of failed) process.stderr.write(`emars: ${at}: ${reason}\n`);
  if (failed.length > 0) process.exitCode = commandExit('data');
}

/** One value, or none where the data are at fault, which is noted; other errors are thrown. */
export async function orFailed<T>(path: string, failed: ScanProblem[], work: () => Promise<T>): Promise<T[]> {
  try {
    return [await work()];
  } catch (error) {
    if (kindOf(error) !== 'data' || !(error instanceof Error)) throw error;
    failed.push({ path, reason: error.message });
    return [];
  }
}

const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A table for programs, a line each. */
export function csvLines(classes: readonly string[], rows: readonly Row[]): string[] {
  const head = ['scan', 'class', ...classes.map((name) => `p_${name}`), 'uncertainty', 'warnings'];
  const lines = rows.map((row) => [
    row.scan,
    row.class,
    ...classes.map((name) => String(row.probabilities[name])),
    String(row.uncertainty),
    row.warnings.join('; '),
  ]);
  return [head, ...lines].map((cells) => cells.map(quoted).join(','));
}

function textLines(classes: readonly string[], rows: readonly Row[]): string[] {
  const columns = ['scan', 'class', ...classes, '±'].map((head, index) => ({
    head,
    align: index < 2 ? ('left' as const) : ('right' as const),
  }));
  const cells = rows.map((row) => [
    row.scan,
    row.class,
    ...classes.map((name) => row.probabilities[name]!.toFixed(3)),
    row.uncertainty.toFixed(3),
  ]);
  return [
    ...textTable(columns, cells).split('\n'),
    ...rows.flatMap(({ scan, warnings }) => warnings.map((warning) => `warning: ${scan}: ${warning}`)),
  ];
}
