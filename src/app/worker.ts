/** `emars worker`: one more trainer or evaluator for a search that is running. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Work, WorkerRequest, WorkEvent } from '../library/work.js';
import { work } from '../library/work.js';
import { workElsewhere } from '../library/work-elsewhere.js';
import { jsonOption, wholeNumber } from './arguments.js';
import { UsageError } from './errors.js';
import type { BrokerFlags } from './broker-options.js';
import { credsOption, natsOption } from './broker-options.js';
import { print, printJson } from './output.js';
import { duration } from '../report/numbers.js';
import { devicesOf } from './process-options.js';

interface Flags extends BrokerFlags {
  readonly run?: string;
  readonly cache?: string;
  readonly cacheSize: number;
  readonly wait?: number;
  readonly role: 'trainer' | 'evaluator' | 'any';
  readonly device: string;
  readonly id?: string;
  readonly json?: boolean;
}

const CACHE_GB = 20;

export function registerWorker(program: Command): void {
  program
    .command('worker')
    .description(
      'Joins a search that is running and works for it until it is over. The front stays the same, whoever works.',
    )
    .option(
      '--run <run>',
      'folder of the run on this machine; with --nats its name or id (default: the only one)',
    )
    .addOption(natsOption('broker of a run on another host, as nats://host:4222'))
    .addOption(credsOption())
    .option(
      '--cache <dir>',
      'folder for what is fetched of a run on another host (default: in the cache of EMARS)',
    )
    .option(
      '--cache-size <GB>',
      'bound of that cache; what was used longest ago goes',
      wholeNumber('--cache-size', 1, 1 << 20),
      CACHE_GB,
    )
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
    .option(
      '--wait <seconds>',
      'ends with exit code 4 when no such run has been heard for so long (default: waits without end)',
      wholeNumber('--wait', 1, 1 << 30),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
A trainer that comes in mid-epoch takes part with the next step.
With --nats it waits for the run, if need be, and fetches what it needs of it: nothing has to be copied.
SIGTERM and Ctrl-C leave in order: the step or evaluation under way is finished first. A second one leaves at once.
The exit code is then 0, also while it waits. A search that was stopped is waited for, and worked for when it goes on.

Examples:
  emars worker --run runs/mine
  emars worker --run runs/mine --role evaluator
  emars worker --run runs/mine --role trainer --device cuda:1
  emars worker --nats nats://10.0.0.1:4222 --creds login.txt --wait 600
  emars worker --nats nats://10.0.0.1:4222 --run mine --role evaluator --cache /scratch/emars`,
    )
    .action(runWorker);
}

async function runWorker(flags: Flags): Promise<void> {
  const json = flags.json === true;
  const role = flags.role === 'any' ? 'trainer' : flags.role;
  const tell = json ? (event: WorkEvent): void => void printJson(event) : tellPerson();
  const waitMs = flags.wait === undefined ? null : 1000 * flags.wait;
  const request = { role, device: flags.device, id: flags.id ?? null, tell, waitMs, ...wishes() } as const;
  const work = await unlessLeft(begun(flags, request), request);
  if (work === null) {
    if (json) await printJson({ kind: 'left' });
    else await print('has left before it joined a run');
    return;
  }
  const { id, logFile, end } = work;
  if (json) await printJson({ kind: 'joining', id, role, log: logFile });
  else
    await print(
      `${id} joins the run${flags.run === undefined ? '' : ` ${flags.run}`}; its log is ${logFile}`,
    );
  const how = await end;
  if (json) await printJson({ kind: how });
  else await print(how === 'left' ? `${id} has left the run` : 'the search is over');
}

/** Null where the wish to leave came before the worker had joined. */
async function unlessLeft(work: Promise<Work>, { leave, stop }: WorkerRequest): Promise<Work | null> {
  try {
    return await work;
  } catch (error) {
    const isWish = [leave, stop].some(({ aborted, reason }) => aborted && reason === error);
    if (isWish) return null;
    throw error;
  }
}

function begun(flags: Flags, request: WorkerRequest): Promise<Work> {
  const { nats, creds, run, cache, cacheSize } = flags;
  if (nats !== undefined || creds !== undefined) {
    const broker = { nats, creds };
    const cacheBytes = cacheSize * 1e9;
    return workElsewhere({ ...request, broker, run: run ?? null, cache: cache ?? null, cacheBytes });
  }
  if (cache !== undefined)
    throw new UsageError('--cache: expected --nats as well: a run of this machine is not fetched');
  if (run === undefined)
    throw new UsageError(
      'expected --run DIR, the folder of a run that is at work, or --nats URL, its broker, got neither; ' +
        'see emars worker --help',
    );
  return work({ ...request, folder: run });
}

/** One line each; of the scans that come, now and then. */
function tellPerson(): (event: WorkEvent) => void {
  let tenths = -1;
  return (event) => {
    if (event.kind === 'fetched') {
      const now = event.total === 0 ? 10 : Math.floor((10 * event.done) / event.total);
      if (now === tenths) return;
      tenths = now;
    }
    void print(lineOf(event));
  };
}

function lineOf(event: WorkEvent): string {
  switch (event.kind) {
    case 'providing':
      return event.text;
    case 'waiting':
      return 'no such run is at work; waiting for it';
    case 'fetched':
      return `${event.done} of ${event.total} scans are here`;
    case 'started':
      return event.starts === 1 ? `started (pid ${event.pid})` : `started again (pid ${event.pid})`;
    case 'welcomed':
      return 'the run has taken it in';
    case 'silent':
      return event.seconds === 0
        ? 'nothing is heard of the run any more; waiting until it goes on (Ctrl-C: ends this worker)'
        : `nothing heard of the run for ${duration(event.seconds)}; still waiting`;
    case 'heard':
      return `the run is heard again, after ${duration(event.seconds)}`;
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
