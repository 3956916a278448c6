/** `emars evaluate RUN --data DIR`: the run's best individual on scans of another folder. */
import type { Command } from 'commander';
import { counter } from './counter.js';
import type { ScanEvaluation } from '../library/evaluate-scans.js';
import { evaluate } from '../library/evaluate.js';
import { NOT_ABOVE_MAJORITY } from './front-table.js';
import { NONE, percent } from '../report/numbers.js';
import { interruptible } from './interrupt.js';
import type { Column } from './output.js';
import { print, printJson, textTable } from './output.js';

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
      const onProgress = counter('reading scans');
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
