/** `emars evaluate RUN --data DIR`: the run's best individual on scans of another folder. */
import type { Command } from 'commander';
import { evaluateScans } from './evaluate-scans.js';
import { runFolder } from '../actors/run-folder.js';
import { loadOptions } from '../config/load.js';
import { requireRun } from './run-argument.js';
import { textTable } from './output.js';
import { inTensorProcess } from './tensor-process.js';

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
      const options = loadOptions({ file: runFolder(run).config });
      if (!(await inTensorProcess(options.engine.threads))) return;
      const result = await evaluateScans(run, data, id ?? null, (done, total) => {
        if (process.stderr.isTTY)
          process.stderr.write(`\r\u001b[2K${done < total ? `decoding ${done} of ${total}` : ''}`);
      });
      if (json === true) {
        process.stdout.write(`${JSON.stringify(result)}\n`);
        return;
      }
      const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
      const rows = Object.entries(result.perClass).map(([name, { n, correct }]) => [
        name,
        String(n),
        String(correct),
        percent(n === 0 ? 0 : correct / n),
      ]);
      process.stdout.write(
        `individual ${result.id}: ${result.correct} of ${result.n} scans right, accuracy ${percent(result.accuracy)}; always the largest class: ${percent(result.majority)}\n\n`,
      );
      process.stdout.write(
        `${textTable([{ head: 'class' }, { head: 'scans', align: 'right' }, { head: 'right', align: 'right' }, { head: 'share', align: 'right' }], rows)}\n`,
      );
    });
}
