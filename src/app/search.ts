/** `emars search`: a new search, or one that goes on. */
import { existsSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { readRecordIfSound } from '../run/record.js';
import { loadOptions } from '../config/load.js';
import type { Options } from '../config/options.js';
import { configOption, jsonOption, requireFile, requireFolder, setOption, wholeNumber } from './arguments.js';
import { UsageError } from './errors.js';
import { print, printJson } from './output.js';
import { NotARun, requireRun } from './run-argument.js';
import { runSearch } from './run-search.js';

interface Flags {
  readonly config?: string[];
  readonly resume?: string;
  readonly data?: string;
  readonly out?: string;
  readonly trainers?: number;
  readonly devices?: string[];
  readonly seed?: number;
  readonly set?: string[];
  readonly nats?: string;
  readonly json?: boolean;
}

const MOST_TRAINERS = 256;

export function registerSearch(program: Command): void {
  program
    .command('search')
    .summary('search networks: scans in, Pareto front and report out')
    .description(
      'Runs a search, or goes on with one that was cut off: any number of trainers gives the same front.',
    )
    .addOption(configOption())
    .option('--resume <dir>', 'go on with the run in this folder; without --config')
    .option('--data <dir>', 'folder of scans; without it phantoms are made, as the configuration says')
    .option('--out <dir>', 'folder of the run, made new (default: runs/<name of the configuration>)')
    .option(
      '--trainers <n>',
      'trainer processes (default: one a device, at least 2)',
      wholeNumber('--trainers', 1, MOST_TRAINERS),
    )
    .option(
      '--devices <list>',
      'cpu, or cuda:0,cuda:1,…; dealt out to the trainers, then the evaluator (default: cpu)',
      devicesOf,
    )
    .option(
      '--seed <n>',
      'seed of the search; overrides the configuration',
      wholeNumber('--seed', 0, 2 ** 32 - 1),
    )
    .addOption(setOption())
    .option(
      '--nats <url>',
      'a nats-server with JetStream to use instead of our own, as nats://user:password@host:4222',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Ctrl-C ends cleanly and prints how to go on. --json prints one event a line: phase, epoch, step, eta (seconds), trainers.

Examples:
  emars search --config configs/smoke.yaml --seed 1 --trainers 2
  emars search --config configs/nodules.yaml --data my-scans --out runs/mine --set evolution.epochs=20
  emars search --config configs/paper.yaml --data scans --devices cuda:0,cuda:1,cuda:2,cuda:3
  emars search --resume runs/mine --trainers 1`,
    )
    .action(search);
}

function devicesOf(text: string): string[] {
  const devices = text.split(',');
  const wrong = devices.find((device) => !/^(cpu|cuda:\d{1,3})$/.test(device));
  if (wrong !== undefined)
    throw new UsageError(`--devices: expected cpu or a list as cuda:0,cuda:1, got "${wrong}" in "${text}"`);
  const twice = devices.find((device, i) => device !== 'cpu' && devices.indexOf(device) !== i);
  if (twice !== undefined) throw new UsageError(`--devices: expected each device once, got ${twice} twice`);
  return devices;
}

async function search(flags: Flags): Promise<void> {
  if (flags.resume !== undefined) return resume(flags.resume, flags);
  if (flags.config === undefined)
    throw new UsageError(
      'expected --config FILE for a new search or --resume DIR for one that was cut off, got neither; see emars search --help',
    );
  const options = loadOptions({
    file: flags.config,
    ...(flags.set === undefined ? {} : { set: flags.set }),
    overrides: {
      ...(flags.seed === undefined ? {} : { seed: flags.seed }),
      ...(flags.data === undefined ? {} : { data: { path: resolve(flags.data) } }),
    },
  });
  requireData(options);
  const root = flags.out === undefined ? freeFolder(flags.config) : newFolder(flags.out);
  await launch(root, options, false, flags);
}

/** Goes on with a run; with one that is finished there is nothing to do. */
async function resume(root: string, flags: Flags): Promise<void> {
  const fixed = (['config', 'data', 'out', 'seed', 'set'] as const).filter(
    (name) => flags[name] !== undefined,
  );
  if (fixed.length > 0)
    throw new UsageError(
      `--resume: expected no ${fixed.map((name) => `--${name}`).join(', ')}, which the run's config.yaml fixes; leave it out`,
    );
  requireRun(root);
  const folder = runFolder(root);
  if (!existsSync(folder.run) && !existsSync(folder.journal) && !existsSync(folder.snapshots))
    throw new NotARun(
      `expected the folder of a run, got "${root}", which has a config.yaml and nothing else`,
    );
  if ((await readRecordIfSound(folder))?.status === 'finished') {
    if (!existsSync(folder.report)) await (await import('../report/build.js')).buildReport(root);
    if (flags.json === true)
      await printJson({ phase: 'done', epoch: null, step: null, eta: 0, trainers: 0, run: root });
    else await print(`the run in ${root} is finished; its report is ${folder.report}`);
    return;
  }
  const options = readOptions(folder);
  requireData(options);
  await launch(root, options, true, flags);
}

/** Errors: UsageError when the scans of a search are not where it says. */
function requireData({ data: { path, split } }: Options): void {
  if (path !== null) requireFolder(path, 'a folder of scans (--data)');
  if (split.file !== null) requireFile(split.file, 'a split file (data.split.file)');
}

async function launch(root: string, options: Options, resumed: boolean, flags: Flags): Promise<void> {
  const devices = flags.devices ?? ['cpu'];
  await runSearch({
    folder: runFolder(resolve(root)),
    options,
    resumed,
    devices,
    trainers: flags.trainers ?? Math.max(2, devices.length),
    foreign: flags.nats === undefined ? null : foreignBroker(flags.nats),
    json: flags.json === true,
  });
}

function newFolder(path: string): string {
  if (existsSync(path))
    throw new UsageError(
      `--out: expected a folder that is not there yet, got "${path}"; choose another name, or go on with it: emars search --resume ${path}`,
    );
  return path;
}

/** runs/<name>, or the first of runs/<name>-2, -3, … that is free. */
function freeFolder(configs: readonly string[]): string {
  const last = configs.at(-1) ?? 'search';
  const name = basename(last, extname(last));
  for (let number = 1; ; number++) {
    const path = join('runs', number === 1 ? name : `${name}-${number}`);
    if (!existsSync(path)) return path;
  }
}

/** URL and credentials of a foreign broker; a password never reaches a log or run.json. */
function foreignBroker(text: string): { url: string; credentials?: { user: string; password: string } } {
  const full = text.includes('://') ? text : `nats://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '')
    throw new UsageError(
      `--nats: expected a URL as nats://127.0.0.1:4222, got "${text.replace(/\/\/.*@/, '//…@')}"`,
    );
  const credentials =
    url.username === ''
      ? undefined
      : { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  return { url: `${url.protocol}//${url.host}`, ...(credentials === undefined ? {} : { credentials }) };
}
