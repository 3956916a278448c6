/** `emars cluster`: a search on all GPUs of this machine, one trainer each; checked first. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { filledConfiguration } from '../library/configuration.js';
import type { DealtProcesses } from '../library/deal-devices.js';
import { dealtProcesses } from '../library/deal-devices.js';
import { gpusHere, preflight } from '../library/preflight.js';
import { resume, search } from '../library/search.js';
import type { Options } from '../config/options.js';
import type { Gpu } from '../native/devices.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { configOption, jsonOption, setOption, wholeNumber } from './arguments.js';
import { UsageError } from './errors.js';
import { devicesOf, trainersOption } from './process-options.js';
import { profileOption, withProfile } from './profile-option.js';
import { requireResumable } from './resume-argument.js';
import { showSearch } from './run-search.js';
import { freeFolder, newFolder } from './search.js';

interface Flags {
  readonly gpus: readonly string[] | null;
  readonly config?: string[];
  readonly resume?: string;
  readonly data?: string;
  readonly out?: string;
  readonly trainers?: number;
  readonly evaluator?: string;
  readonly seed?: number;
  readonly set?: string[];
  readonly profile?: string;
  readonly json?: boolean;
}

/** Trainers of a machine without GPUs. */
const ON_CPUS = 4;

export function registerCluster(program: Command): void {
  program
    .command('cluster')
    .description(
      'Checks devices, memory, disk and scans, then starts broker, evolution, one trainer a GPU and the evaluator. ' +
        `Without GPUs: ${ON_CPUS} trainers on the CPU. The front is that of emars search.`,
    )
    .option('--gpus <list>', 'as 0,1,2,3, the numbers of nvidia-smi; all, or none', gpusOf, null)
    .addOption(configOption())
    .option('--resume <dir>', 'go on with the run in this folder; without --config')
    .option('--data <dir>', 'folder of scans; without it phantoms are made, as the configuration says')
    .option('--out <dir>', 'folder of the run, made new (default: runs/<name of the configuration>)')
    .addOption(trainersOption(`trainer processes (default: one a GPU; ${ON_CPUS} without)`))
    .option('--evaluator <device>', 'cpu, or cuda:0: where the evaluator computes (default: the first GPU)')
    .option(
      '--seed <n>',
      'seed of the search; overrides the configuration',
      wholeNumber('--seed', 0, 2 ** 32 - 1),
    )
    .addOption(setOption())
    .addOption(profileOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Every fault that is found is said at once (exit code 4; 3 if only the scans are at fault).
A GPU is one trainer's: one that another run uses is refused, with the process that has it.
Ctrl-C or SIGTERM finishes the step at work and writes the weights: --resume goes on from there.
A second one stops at once.

Examples:
  emars cluster --config configs/paper.yaml --data scans
  emars cluster --gpus 0,1,2,3 --config configs/paper.yaml --data scans --out runs/paper
  emars cluster --gpus none --config configs/smoke.yaml --out runs/four
  emars cluster --gpus 0,1 --config configs/paper.yaml --data scans --profile trace.json
  emars cluster --resume runs/paper --gpus 0,1`,
    )
    .action(cluster);
}

async function cluster(flags: Flags): Promise<void> {
  const { root, options } = flags.resume === undefined ? newRun(flags) : begunRun(flags.resume, flags);
  const gpus = await gpusHere();
  const processes = processesOf(flags, gpus, options);
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  for (const line of describeCluster(processes, gpus)) tell(line);
  const checked = new AbortController();
  const resumed = flags.resume !== undefined;
  await preflight({ options, processes, out: root, resumed, tell, signal: checked.signal });
  const { config, set, seed, data } = flags;
  await withProfile(flags, (profile) => {
    const given = { ...processes, profile };
    return showSearch(
      root,
      (wishes) =>
        flags.resume === undefined
          ? search({ config, set, options: { seed, data: { path: data } }, out: root, ...given, ...wishes })
          : resume(root, { ...given, ...wishes }),
      flags.json === true,
      'cluster',
    );
  });
}

interface Asked {
  readonly root: string;
  readonly options: Options;
}

function newRun({ config, set, seed, data, out }: Flags): Asked {
  if (config === undefined)
    throw new UsageError(
      'expected --config FILE for a new search or --resume DIR for one that was cut off, got neither; ' +
        'see emars cluster --help',
    );
  const { options } = filledConfiguration({ config, set, options: { seed, data: { path: data } } });
  return { options, root: resolve(out === undefined ? freeFolder(config) : newFolder(out, 'cluster')) };
}

function begunRun(root: string, flags: Flags): Asked {
  requireResumable(root, flags);
  return { root: resolve(root), options: readOptions(runFolder(root)) };
}

/** `gpus`: those that are here; asked for by name, they may be absent, which the preflight says. */
function processesOf(flags: Flags, gpus: readonly Gpu[], { engine }: Options): DealtProcesses {
  const devices = flags.gpus ?? gpus.map(({ index }) => `cuda:${index}`);
  const asked =
    devices.length > 0 ? { devices, trainers: flags.trainers } : { trainers: flags.trainers ?? ON_CPUS };
  return dealtProcesses({ ...asked, evaluatorDevice: flags.evaluator }, engine.numerics);
}

/** Which process gets which device, a line each. */
export function describeCluster(
  { trainers, devices, evaluatorDevice }: DealtProcesses,
  gpus: readonly Gpu[],
): string[] {
  if (devices.every((device) => device === 'cpu'))
    return [`${gpus.length === 0 ? 'no GPU here' : 'no GPU asked for'}: ${trainers} trainers on the CPU`];
  const on = (device: string): string => {
    const gpu = gpus.find(({ index }) => device === `cuda:${index}`);
    return gpu === undefined ? device : `${device}, ${gpu.name}, ${gpu.uuid}`;
  };
  return [
    ...Array.from({ length: trainers }, (_, i) => `trainer-${i} on ${on(devices[i % devices.length]!)}`),
    `evaluator-0 on ${on(evaluatorDevice)}`,
  ];
}

/** Null: all that are here; none: an empty list. */
function gpusOf(text: string): readonly string[] | null {
  if (text === 'all') return null;
  if (text === 'none') return [];
  const wrong = text.split(',').find((index) => !/^\d{1,3}$/.test(index));
  if (wrong !== undefined)
    throw new UsageError(
      `--gpus: expected all, none, or a list of numbers as 0,1,2,3, got "${wrong}" in "${text}"`,
    );
  return devicesOf(text.replace(/\d+/g, 'cuda:$&'));
}
