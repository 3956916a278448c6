/** `emars evaluate RUN --data DIR`: the run's best individual on scans of another folder. */
import type { Command } from 'commander';
import { counter } from './counter.js';
import type { ScanEvaluation } from './evaluate-scans.js';
import { evaluateScans } from './evaluate-scans.js';
import { NOT_ABOVE_MAJORITY } from './front-table.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { NONE, percent } from '../report/numbers.js';
import { requireFolder } from './arguments.js';
import type { Column } from './output.js';
import { print, printJson, textTable } from './output.js';
import { requireRun } from './run-argument.js';
import { inTensorProcess, progressTarget } from './tensor-process.js';

export function registerEvaluate(program: Command): void {
  program
    .command('evaluate')
    .summary('the best individual of a run on other scans')
    .description(
      'Predicts every scan of a folder with the best individual of a run: highest accuracy on D_val in the last epoch, ties by lowest id.',
    )
    .argument('<run>', 'run folder')
    .requiredOption(
      '--data <dir>',
      'folder of scans in any layout that a search reads; its classes must be among the run’s',
    )
    .option('--id <id>', 'another individual of the last epoch; the first digits of its id are enough')
    .option('--json', 'one JSON object instead of a table')
    .addHelpText(
      'after',
      '\nExamples:\n  emars evaluate runs/quickstart --data my-scans\n  emars evaluate runs/quickstart --data my-scans --id 3fa1 --json',
    )
    .action(async (run: string, { data, id, json }: { data: string; id?: string; json?: boolean }) => {
      requireRun(run);
      requireFolder(data, 'a folder of scans (--data)');
      const options = readOptions(runFolder(run));
      if (!(await inTensorProcess(options.engine.threads))) return;
      const result = await evaluateScans(run, data, id ?? null, counter('reading scans', progressTarget));
      if (json === true) await printJson(result);
      else for (const line of describeEvaluation(result)) await print(line);
    });
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
    `individual ${id}: ${correct} of ${n} scans right, accuracy ${percent(accuracy)}; always the largest class: ${percent(majority)}`,
    ...(accuracy > majority ? [] : [NOT_ABOVE_MAJORITY]),
    '',
    ...textTable(columns, rows).split('\n'),
  ];
}
