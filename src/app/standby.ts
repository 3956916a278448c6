/** `emars standby`: goes on with a search when the command that conducts it is killed or stopped. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { requireBegunRun } from '../library/run-argument.js';
import { resume } from '../library/search.js';
import type { StandbyEvent } from '../library/standby.js';
import { standBy } from '../library/standby.js';
import { RunLockedError } from '../runtime/storage/run-lock.js';
import { jsonOption } from './arguments.js';
import { credsOption, natsOption } from './broker-options.js';
import { print, printJson } from './output.js';
import type { ProcessFlags } from './process-options.js';
import { devicesOption, minTrainersOption, processesOf, trainersOption } from './process-options.js';
import { interruption, showRun } from './run-search.js';

interface Flags extends ProcessFlags {
  readonly json?: boolean;
}

export function registerStandby(program: Command): void {
  program
    .command('standby')
    .argument('<run>', 'folder of the run')
    .description(
      'Watches over a search of this machine, and goes on with it within ten seconds when the command that ' +
        'conducts it dies or is stopped. The front stays the same.',
    )
    .addOption(
      trainersOption(
        'trainer processes then (default: one a device, at least 2; 0 with --min-trainers: none)',
        0,
      ),
    )
    .addOption(minTrainersOption('wait then until so many trainers are here, those of other hosts included'))
    .addOption(
      devicesOption('cpu, or cuda:0,cuda:1,…; dealt out to the trainers, then the evaluator (default: cpu)'),
    )
    .addOption(natsOption('the nats-server that the search uses, where it is not its own'))
    .addOption(credsOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
What is stopped (SIGSTOP) is killed after five seconds: it does no harm when it wakes.
A search that ends in order, by itself or by Ctrl-C, ends its standby. Of two that stand by one goes on with the
search, and the other watches over that one. emars search --standby starts one in the background.
Ctrl-C or SIGTERM ends the standby, which costs nothing; once it has taken over it stops the search in order.

Examples:
  emars standby runs/mine
  emars standby runs/mine --trainers 4 --devices cuda:0,cuda:1,cuda:2,cuda:3`,
    )
    .action(standby);
}

async function standby(path: string, flags: Flags): Promise<void> {
  requireBegunRun(path);
  const root = resolve(path);
  const processes = processesOf(flags);
  const tell = (event: StandbyEvent): void =>
    void (flags.json === true ? printJson({ standby: event.kind, ...pidIn(event) }) : print(textFor(event)));
  const { wishes, forget } = interruption(`stand by again with: npx emars standby ${root}`);
  try {
    while ((await standBy(root, tell, wishes.drain)) === 'lost') {
      try {
        await showRun(() => resume(root, { ...processes, ...wishes }), flags.json === true);
        return;
      } catch (error) {
        // Another one that stands by was quicker.
        if (!(error instanceof RunLockedError)) throw error;
      }
    }
  } finally {
    forget();
  }
}

const pidIn = (event: StandbyEvent): object => ('pid' in event ? { pid: event.pid } : {});

function textFor(event: StandbyEvent): string {
  switch (event.kind) {
    case 'watching':
      return `watches over process ${event.pid}`;
    case 'killed':
      return `process ${event.pid} was stopped for five seconds, and is killed`;
    case 'lost':
      return 'the process that conducted the search is gone: goes on with it';
    case 'ended':
      return 'the search has ended in order';
  }
}
