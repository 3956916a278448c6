/** `emars report`: builds a run's report again, from its folder alone. */
import type { Command } from 'commander';
import { print } from './output.js';
import { requireRun } from '../library/run-argument.js';

export function registerReport(program: Command): void {
  program
    .command('report')
    .argument('<run>', 'folder of a run')
    .description('build report.html and its figures again from the run folder alone')
    .addHelpText(
      'after',
      `
Examples:
  emars report runs/quickstart`,
    )
    .action(async (run: string) => {
      requireRun(run);
      const { buildReport } = await import('../report/build.js');
      const { html } = await buildReport(run);
      await print(html);
    });
}
