/** `emars predict MODEL SCAN…`: a model on scans whose class is not known. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { commandExit } from '../errors/exit-codes.js';
import { jsonOption } from './arguments.js';
import { print, printJson, textTable } from './output.js';
import type { Prediction } from './predict-scans.js';
import { inScanProcess, overScans, sayFailed } from './scan-batch.js';

interface Row extends Prediction {
  readonly scan: string;
}

export function registerPredict(program: Command): void {
  program
    .command('predict')
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
  if (!(await inScanProcess())) return;
  const { classes, temperature } = model.document;
  if (csv === true) await print(csvHead(classes));
  const { results, failed } = await overScans<Row>(paths, {
    doing: 'predicting',
    load: async () => {
      const { predictScan } = await import('./predict-scans.js');
      return async (scan) => ({ scan: scan.name, ...(await predictScan(model, scan)) });
    },
    // A table for programs grows line by line: what is done stays, should the rest be cut off.
    ...(csv === true ? { onResult: (row) => print(csvLine(classes, row)) } : {}),
  });
  if (json === true) await printJson({ classes, calibrated: temperature !== null, scans: results, failed });
  else if (csv !== true) for (const line of textLines(classes, results)) await print(line);
  if (json !== true) sayFailed(failed);
  if (failed.length > 0) process.exitCode = commandExit('data');
}

const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const csvRow = (cells: readonly string[]): string => cells.map(quoted).join(',');

const csvHead = (classes: readonly string[]): string =>
  csvRow(['scan', 'class', ...classes.map((name) => `p_${name}`), 'uncertainty', 'warnings']);

function csvLine(classes: readonly string[], row: Row): string {
  const probabilities = classes.map((name) => String(row.probabilities[name]));
  return csvRow([row.scan, row.class, ...probabilities, String(row.uncertainty), row.warnings.join('; ')]);
}

/** A table for programs, a line each. */
export function csvLines(classes: readonly string[], rows: readonly Row[]): string[] {
  return [csvHead(classes), ...rows.map((row) => csvLine(classes, row))];
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
