/** `emars evaluate RUN|MODEL --data DIR`: a run's best individual, or a trained model, on scans of a folder. */
import type { Command } from 'commander';
import { counter } from './counter.js';
import type { ModelEvaluation } from './evaluate-model.js';
import { evaluateModel, isModel } from './evaluate-model.js';
import type { ScanEvaluation } from '../library/evaluate-scans.js';
import { evaluate } from '../library/evaluate.js';
import { NOT_ABOVE_MAJORITY } from './front-table.js';
import { NONE, percent } from '../report/numbers.js';
import { interruptible } from './interrupt.js';
import { UsageError } from './errors.js';
import { requireFolder } from '../library/request.js';
import { inTensorProcess, tellCommand } from './tensor-process.js';
import type { Column } from './output.js';
import { print, printJson, textTable } from './output.js';

export function registerEvaluate(program: Command): void {
  program
    .command('evaluate')
    .description(
      'Predicts every scan of a folder with the best individual of a run: ' +
        'highest accuracy on D_val in the last epoch, ties by lowest id.',
    )
    .argument('<run>', 'run folder, or a model.json or the folder that holds one')
    .requiredOption(
      '--data <dir>',
      'folder of scans in any layout that a search reads; its classes must be among the run’s',
    )
    .option('--id <id>', 'another individual of the last epoch; the first digits of its id are enough')
    .option('--json', 'one JSON object instead of a table')
    .addHelpText(
      'after',
      '\nExamples:\n  emars evaluate runs/quickstart --data my-scans' +
        '\n  emars evaluate runs/quickstart --data my-scans --id 3fa1 --json',
    )
    .action(async (run: string, { data, id, json }: { data: string; id?: string; json?: boolean }) => {
      const onProgress = counter('reading scans');
      if (isModel(run)) return evaluateTrained(run, data, id, json === true);
      const result = await interruptible('', (signal) =>
        evaluate({ run, data, id, onProgress, onProviding: say, signal }),
      );
      if (json === true) await printJson(result);
      else for (const line of describeEvaluation(result)) await print(line);
    });
}

/** What is brought on first use, line by line. */
function say(text: string, passing: boolean): void {
  if (!passing) process.stderr.write(`${text}\n`);
}

async function evaluateTrained(
  model: string,
  data: string,
  id: string | undefined,
  json: boolean,
): Promise<void> {
  if (id !== undefined) throw new UsageError('--id: expected with a run only, got a model; leave it out');
  requireFolder(data, 'a folder of scans (--data)');
  if (!(await inTensorProcess(1, process.argv.slice(2)))) return;
  const result = await evaluateModel(model, data, tellCommand);
  if (json) return printJson(result);
  for (const line of describeFigures(result)) await print(line);
}

/** Figures of a model in lines for people, each with its interval. */
function describeFigures(result: ModelEvaluation): string[] {
  const figure = (value: number | null): string => (value === null ? NONE : value.toFixed(3));
  const rows = (['accuracy', 'auc', 'sensitivity', 'specificity', 'f1', 'ece'] as const).map((name) => {
    const interval = result.intervals[name];
    return [
      name,
      figure(result[name]),
      interval === null ? NONE : `${figure(interval.low)} to ${figure(interval.high)}`,
    ];
  });
  const columns: Column[] = [
    { head: '' },
    { head: 'value', align: 'right' },
    { head: '95 %', align: 'right' },
  ];
  return [
    `${result.n} scans of ${result.patients} patients; positive: ${result.positive}`,
    '',
    ...textTable(columns, rows).split('\n'),
    '',
    `AUC of the number of slices alone: ${figure(result.sliceCountAuc)}`,
  ];
}

/** The evaluation in lines for people; the share of a class without scans does not exist. */
export function describeEvaluation(result: ScanEvaluation): string[] {
  const { id, n, correct, accuracy, majority, perClass } = result;
  const rows = Object.entries(perClass).map(([name, row]) => [
    name,
    String(row.n),
    String(row.correct),
    row.n === 0 ? NONE : percent(row.correct / row.n),
  ]);
  const columns: Column[] = [
    { head: 'class' },
    { head: 'scans', align: 'right' },
    { head: 'right', align: 'right' },
    { head: 'share', align: 'right' },
  ];
  return [
    `individual ${id}: ${correct} of ${n} scans right, accuracy ${percent(accuracy)}; ` +
      `always the largest class: ${percent(majority)}`,
    ...(accuracy > majority ? [] : [NOT_ABOVE_MAJORITY]),
    '',
    ...textTable(columns, rows).split('\n'),
  ];
}
