/** `emars worker`: one more trainer or evaluator for a search that is running. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { WorkRequest } from '../library/work.js';
import { work } from '../library/work.js';
import { jsonOption } from './arguments.js';
import { UsageError } from './errors.js';
import { print, printJson } from './output.js';
import { devicesOf } from './process-options.js';

interface Flags {
  readonly run?: string;
  readonly role: 'trainer' | 'evaluator' | 'any';
  readonly device: string;
  readonly id?: string;
  readonly json?: boolean;
}

export function registerWorker(program: Command): void {
  program
    .command('worker')
    .description(
      'Joins a search that is running and works for it until it is over. The front stays the same, whoever works.',
    )
    .option('--run <dir>', 'folder of the run, on this machine')
    .addOption(
      new Option(
        '--role <role>',
        'trainer: gradients, and evaluations between epochs; evaluator; any: what the run needs most, a trainer',
      )
        .choices(['trainer', 'evaluator', 'any'])
        .default('any'),
    )
    .option('--device <device>', 'cpu, or cuda:0', deviceOf, 'cpu')
    .option('--id <name>', 'name of this worker in run.json (default: role, host and four letters)', idOf)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
A trainer that comes in mid-epoch takes part with the next step.
SIGTERM and Ctrl-C leave in order: the step or evaluation under way is finished first. A second one leaves at once.

Examples:
  emars worker --run runs/mine
  emars worker --run runs/mine --role evaluator
  emars worker --run runs/mine --role trainer --device cuda:1`,
    )
    .action(runWorker);
}

async function runWorker(flags: Flags): Promise<void> {
  if (flags.run === undefined)
    throw new UsageError('expected --run DIR, the folder of a run that is at work; see emars worker --help');
  const { leave, stop } = wishes();
  const role = flags.role === 'any' ? 'trainer' : flags.role;
  const tell = flags.json === true ? printJson : (event: Event) => print(lineOf(event));
  const { id, logFile, end } = await work({
    folder: flags.run,
    role,
    device: flags.device,
    id: flags.id ?? null,
    tell: (event) => void tell(event),
    leave,
    stop,
  });
  if (flags.json === true) await printJson({ kind: 'joining', id, role, log: logFile });
  else await print(`${id} joins the run in ${flags.run}; its log is ${logFile}`);
  const how = await end;
  if (flags.json === true) await printJson({ kind: how });
  else await print(how === 'left' ? `${id} has left the run` : 'the search is over');
}

type Event = Parameters<WorkRequest['tell']>[0];

function lineOf(event: Event): string {
  switch (event.kind) {
    case 'providing':
      return event.text;
    case 'started':
      return event.starts === 1 ? `started (pid ${event.pid})` : `started again (pid ${event.pid})`;
    case 'welcomed':
      return 'the run has taken it in';
    case 'died':
      return `died (${event.reason})`;
  }
}

/** The first Ctrl-C or SIGTERM is the wish to leave in order, the second to leave at once. */
function wishes(): { readonly leave: AbortSignal; readonly stop: AbortSignal } {
  const leave = new AbortController();
  const stop = new AbortController();
  const asked = (): void => (leave.signal.aborted ? stop : leave).abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, asked);
  return { leave: leave.signal, stop: stop.signal };
}

function deviceOf(text: string): string {
  const devices = devicesOf(text);
  if (devices.length !== 1)
    throw new UsageError(`--device: expected one device, as cpu or cuda:0, got "${text}"`);
  return devices[0]!;
}

function idOf(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text) || text === 'evolution')
    throw new UsageError(`--id: expected 1 to 64 letters, digits, "-" and "_", got "${text}"`);
  return text;
}
