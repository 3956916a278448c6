/** `emars search`: a new search, or one that goes on. */
import { existsSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Run } from '../library/search.js';
import { resume, search as beginSearch } from '../library/search.js';
import { runFolder } from '../run/folder.js';
import { readRecordIfSound } from '../run/record.js';
import { configOption, jsonOption, setOption, wholeNumber } from './arguments.js';
import { UsageError } from './errors.js';
import { credsOption, natsOption } from './broker-options.js';
import { requireResumable } from './resume-argument.js';
import { print, printJson } from './output.js';
import type { ProcessFlags } from './process-options.js';
import { devicesOption, minTrainersOption, processesOf, trainersOption } from './process-options.js';
import { profileOption, withProfile } from './profile-option.js';
import { showSearch } from './run-search.js';
import { withStandby } from './standby-process.js';

interface Flags extends ProcessFlags {
  readonly config?: string[];
  readonly resume?: string;
  readonly data?: string;
  readonly out?: string;
  readonly seed?: number;
  readonly set?: string[];
  readonly standby?: boolean;
  readonly profile?: string;
  readonly json?: boolean;
}

export function registerSearch(program: Command): void {
  program
    .command('search')
    .description(
      'Runs a search, or goes on with one that was cut off: any number of trainers gives the same front.',
    )
    .addOption(configOption())
    .option('--resume <dir>', 'go on with the run in this folder; without --config')
    .option('--data <dir>', 'folder of scans; without it phantoms are made, as the configuration says')
    .option('--out <dir>', 'folder of the run, made new (default: runs/<name of the configuration>)')
    .addOption(
      trainersOption('trainer processes (default: one a device, at least 2; 0 with --min-trainers: none)', 0),
    )
    .addOption(minTrainersOption('wait until so many trainers are here, those of other hosts included'))
    .addOption(
      devicesOption('cpu, or cuda:0,cuda:1,…; dealt out to the trainers, then the evaluator (default: cpu)'),
    )
    .option(
      '--seed <n>',
      'seed of the search; overrides the configuration',
      wholeNumber('--seed', 0, 2 ** 32 - 1),
    )
    .addOption(setOption())
    .addOption(natsOption('a nats-server with JetStream to use instead of our own, as nats://host:4222'))
    .addOption(credsOption())
    .option('--standby', 'a second process goes on with the search if this one dies or is stopped')
    .addOption(profileOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Ctrl-C or SIGTERM finishes the step at work, writes the weights and prints how to go on, from that step; the exit
code is 130. A second one stops at once: then the epoch at work begins again.
With --standby a kill -9 of this command, or its stop, costs the epoch at work and seconds: see emars standby --help.
--json prints one event a line: phase, epoch, step, eta (seconds), trainers.

Examples:
  emars search --config configs/smoke.yaml --seed 1 --trainers 2
  emars search --config configs/nodules.yaml --data my-scans --out runs/mine --set evolution.epochs=20
  emars search --config configs/paper.yaml --data scans --devices cuda:0,cuda:1,cuda:2,cuda:3
  emars search --config configs/paper.yaml --data scans --nats nats://10.0.0.1:4222 --trainers 0 --min-trainers 4
  emars search --config configs/smoke.yaml --out runs/traced --profile trace.json
  emars search --resume runs/mine --trainers 1`,
    )
    .action(search);
}

async function search(flags: Flags): Promise<void> {
  if (flags.resume !== undefined) return goOn(flags.resume, flags);
  if (flags.config === undefined)
    throw new UsageError(
      'expected --config FILE for a new search or --resume DIR for one that was cut off, got neither; ' +
        'see emars search --help',
    );
  const root = resolve(flags.out === undefined ? freeFolder(flags.config) : newFolder(flags.out));
  const request = {
    config: flags.config,
    set: flags.set,
    options: { seed: flags.seed, data: { path: flags.data } },
    out: root,
    ...processesOf(flags),
  };
  const begin = standbyOf(flags);
  await withProfile(flags, (profile) =>
    showSearch(root, (wishes) => begin(beginSearch({ ...request, profile, ...wishes })), flags.json === true),
  );
}

/** Goes on with a run; with one that is finished there is nothing to do. */
async function goOn(root: string, flags: Flags): Promise<void> {
  requireResumable(root, flags);
  const processes = processesOf(flags);
  if ((await readRecordIfSound(runFolder(root)))?.status === 'finished') {
    const { report } = await resume(root).result;
    if (flags.json === true)
      await printJson({ phase: 'done', epoch: null, step: null, eta: 0, trainers: 0, run: root });
    else await print(`the run in ${root} is finished; its report is ${report}`);
    return;
  }
  const absolute = resolve(root);
  const begin = standbyOf(flags);
  await withProfile(flags, (profile) =>
    showSearch(
      absolute,
      (wishes) => begin(resume(absolute, { ...processes, profile, ...wishes })),
      flags.json === true,
    ),
  );
}

/** Adds a standby to a run where it is wished for: it would go on with the same processes. */
function standbyOf({ standby, trainers, minTrainers, devices, nats, creds }: Flags): (run: Run) => Run {
  if (standby !== true) return (run) => run;
  const given = {
    '--trainers': trainers,
    '--min-trainers': minTrainers,
    '--devices': devices?.join(','),
    '--nats': nats,
    '--creds': creds,
  };
  const flags = Object.entries(given).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, String(value)],
  );
  return (run) => withStandby(run, flags);
}

export function newFolder(path: string, command = 'search'): string {
  if (existsSync(path))
    throw new UsageError(
      `--out: expected a folder that is not there yet, got "${path}"; ` +
        `choose another name, or go on with it: emars ${command} --resume ${path}`,
    );
  return path;
}

/** runs/<name>, or the first of runs/<name>-2, -3, … that is free. */
export function freeFolder(configs: readonly string[]): string {
  const last = configs.at(-1) ?? 'search';
  const name = basename(last, extname(last));
  for (let number = 1; ; number++) {
    const path = join('runs', number === 1 ? name : `${name}-${number}`);
    if (!existsSync(path)) return path;
  }
}
