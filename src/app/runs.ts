/** `emars runs`: the searches that are at work on a broker. */
import type { Command } from 'commander';
import type { RunAtWork } from '../library/runs.js';
import { runsAtWork } from '../library/runs.js';
import { jsonOption } from './arguments.js';
import type { BrokerFlags } from './broker-options.js';
import { credsOption, natsOption } from './broker-options.js';
import type { Column } from './output.js';
import { print, printJson, textTable } from './output.js';

interface Flags extends BrokerFlags {
  readonly json?: boolean;
}

export function registerRuns(program: Command): void {
  program
    .command('runs')
    .description('Asks a broker which searches are at work on it, and shows how far they are.')
    .addOption(natsOption('the nats-server to ask, as nats://host:4222'))
    .addOption(credsOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
--json prints one object a run and line: run (id on the bus), name, version, config (SHA-256 of its config.yaml),
phase, epoch, epochs, trainers, evaluators, kernels (null: TensorFlow computes), deadLetters (messages that nobody
could use: dead-letters.jsonl in its folder).

Examples:
  emars runs --nats nats://127.0.0.1:4222
  emars runs --nats nats://127.0.0.1:4222 --creds login.txt --json`,
    )
    .action(runs);
}

async function runs(flags: Flags): Promise<void> {
  const found = await runsAtWork(flags);
  if (flags.json === true) for (const run of found) await printJson(run);
  else await print(found.length === 0 ? 'no search is at work on this broker' : tableOf(found));
}

function tableOf(found: readonly RunAtWork[]): string {
  const columns: Column[] = [
    { head: 'name' },
    { head: 'run' },
    { head: 'phase' },
    { head: 'epoch', align: 'right' },
    { head: 'trainers', align: 'right' },
    { head: 'evaluators', align: 'right' },
    { head: 'dead letters', align: 'right' },
    { head: 'config' },
    { head: 'version' },
  ];
  const rows = found.map((run) => [
    run.name,
    run.run,
    run.phase,
    run.epochs === 0 ? '–' : `${run.epoch}/${run.epochs}`,
    String(run.trainers),
    String(run.evaluators),
    String(run.deadLetters),
    run.config.slice(0, 12),
    run.version,
  ]);
  return textTable(columns, rows);
}
