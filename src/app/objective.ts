/** `emars objective`: an objective that joins a running search, or is taken out of one. */
import type { Command } from 'commander';
import type { ObjectiveEvent } from '../library/objective.js';
import { joinObjective, removeObjective } from '../library/objective.js';
import { jsonOption, wholeNumber } from './arguments.js';
import type { BrokerFlags } from './broker-options.js';
import { credsOption, natsOption } from './broker-options.js';
import { UsageError } from './errors.js';
import { interruptible } from './interrupt.js';
import { print, printJson } from './output.js';

interface Flags extends BrokerFlags {
  readonly run: string;
  readonly remove?: string;
  readonly from?: number;
  readonly deadline: number;
  readonly memory: number;
  readonly json?: boolean;
}

export function registerObjective(program: Command): void {
  program
    .command('objective')
    .description(
      'Measures an objective for a search that is at work: from the next epoch on the whole population is ' +
        'measured by it, and selection uses it. Runs until the search is over.',
    )
    .argument('[module]', 'JavaScript module that exports { name, unit, direction, needs, measure }')
    .requiredOption('--run <run>', 'folder of the run on this machine; with --nats its name or id')
    .addOption(natsOption('broker of a run on another host, as nats://host:4222'))
    .addOption(credsOption())
    .option('--remove <name>', 'take the objective of this name out of the search again; without a module')
    .option(
      '--from <epoch>',
      'the first epoch to take part in (default: the next)',
      wholeNumber('--from', 1, 1e6),
    )
    .option('--deadline <seconds>', 'for one measurement', wholeNumber('--deadline', 1, 3600), 60)
    .option(
      '--memory <MB>',
      'that its process may take, beside an evaluation where it needs weights',
      wholeNumber('--memory', 128, 1 << 20),
      1024,
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
The module runs in a process of its own. A measurement that throws, hangs or takes too much memory has
failed; after five failures in a row the search goes on without the objective, and says why.
Ctrl-C ends the measuring; the search then waits for it, or goes on without it (joining.onLost).

Examples:
  emars objective docs/examples/memory.mjs --run runs/mine
  emars objective docs/examples/memory.mjs --run runs/mine --from 5 --deadline 10 --memory 512
  emars objective docs/examples/memory.mjs --nats nats://10.0.0.1:4222 --creds login.txt --run mine
  emars objective --remove memory --run runs/mine`,
    )
    .action(objective);
}

async function objective(module: string | undefined, flags: Flags): Promise<void> {
  const { run, remove, nats, creds, json = false } = flags;
  const broker = { nats, creds };
  if ((module === undefined) === (remove === undefined))
    throw new UsageError(
      `expected a module, or --remove NAME, got ${module === undefined ? 'neither' : 'both'}; ` +
        'see emars objective --help',
    );
  if (remove !== undefined) {
    const { epoch } = await removeObjective({ name: remove, run, broker });
    if (json) await printJson({ event: 'removed', name: remove, epoch });
    else await print(`the search goes on without ${remove}, from epoch ${epoch} on`);
    return;
  }
  const tell = json ? tellProgram : tellPerson();
  const end = await interruptible(
    'the search waits for the objective, or goes on without it (joining.onLost); start this command again, ' +
      'or take it out with --remove',
    (signal) =>
      joinObjective({
        module: module!,
        run,
        broker,
        since: flags.from,
        deadlineSeconds: flags.deadline,
        memoryMB: flags.memory,
        onEvent: tell,
        signal,
      }),
  );
  if (json) await printJson({ event: 'ended', reason: end });
  else await print(end === 'removed' ? 'removed from the search' : end);
}

function tellProgram(event: ObjectiveEvent): void {
  const { kind, ...fields } = event;
  void printJson({ event: kind, ...fields });
}

/** A line for what matters, failures in full; how many were measured, now and then. */
function tellPerson(): (event: ObjectiveEvent) => void {
  let name = '';
  let measured = 0;
  return (event) => {
    switch (event.kind) {
      case 'loaded':
        ({ name } = event);
        return;
      case 'providing':
        void print(event.text);
        return;
      case 'waiting':
        void print('the run is not at work; waiting for it');
        return;
      case 'joined':
        void print(`${name} takes part from epoch ${event.since} on`);
        return;
      case 'measured':
        measured++;
        if ('failure' in event.outcome)
          void print(`${name} of ${event.individual} failed: ${event.outcome.failure}`);
        else if (/^[125]0*$/.test(String(measured))) void print(`${measured} measured`);
    }
  };
}
