/** `emars chaos`: does a search give the same front whatever dies, hangs, or is cut off? Tried, not promised. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { ChaosFailed } from '../chaos/errors.js';
import type { FaultKind } from '../chaos/faults.js';
import { DISK_KINDS, EXCHANGE_KINDS, FAULT_KINDS, FAULTS, planFaults } from '../chaos/faults.js';
import type { Delay, Figures } from '../chaos/figures.js';
import { figuresOf } from '../chaos/figures.js';
import type { ChaosPlan, FaultRow } from '../chaos/plan.js';
import { ownMounts, rerunWithOwnMounts } from '../chaos/small-disk.js';
import { torment } from '../chaos/torment.js';
import { loadOptions } from '../config/load.js';
import { FAILPOINTS } from '../runtime/failpoint/operations.js';
import { ACTIONS, VARIABLE } from '../runtime/failpoint/specification.js';
import { nativeParts } from '../library/native-parts.js';
import { configOption, jsonOption, setOption, wholeNumber } from './arguments.js';
import { UsageError } from './errors.js';
import { print, printJson, textTable } from './output.js';
import { trainersOption } from './process-options.js';
import { newFolder } from './search.js';

const MOST_FAULTS = 100_000;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

interface Flags {
  readonly config?: readonly string[];
  readonly set?: readonly string[];
  readonly faults: number;
  readonly seed: number;
  readonly kinds?: readonly FaultKind[];
  readonly for?: number;
  readonly trainers: number;
  readonly out?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

export function registerChaos(program: Command): void {
  program
    .command('chaos')
    .description(
      'Runs a reference search, then searches whose processes, broker, links and files are hurt at moments of ' +
        'a seed. Ends with 1 if any result differs or nothing could be injected.',
    )
    .addOption(configOption())
    .addOption(setOption())
    .option('--faults <n>', 'faults to inject, over as many searches as it takes', faultCount, 25)
    .option('--seed <n>', 'seed of the plan of faults', wholeNumber('--seed', 0, 2 ** 32 - 1), 1)
    .option(
      '--kinds <list>',
      'kinds of faults, with commas between (default: all; --list names them)',
      kindsOf,
    )
    .option('--for <time>', 'begin no fault after so long, as 90s, 30m or 8h', timeOf)
    .addOption(trainersOption('trainer processes').default(2))
    .option(
      '--out <dir>',
      'folder for the runs, kept (default: a temporary one, kept where a result differs)',
    )
    .option('--list', 'list the kinds of faults and the failpoints, and end')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
The same seed and kinds give the same plan of faults; --json prints one a line,
and at last an object with their "figures": p50 and p99 in seconds, and whether the goals are reached.

Examples:
  emars chaos --list
  emars chaos --config configs/smoke.yaml --faults 50 --seed 7
  emars chaos --config configs/smoke.yaml --kinds kill-trainer,cut-link --faults 10 --for 20m`,
    )
    .action(chaos);
}

const faultCount = wholeNumber('--faults', 1, MOST_FAULTS);

function kindsOf(text: string): FaultKind[] {
  return text.split(',').map((word) => {
    const kind = FAULT_KINDS.find((known) => known === word);
    if (kind === undefined)
      throw new UsageError(`--kinds: expected some of ${FAULT_KINDS.join(', ')}; got "${word}"`);
    return kind;
  });
}

function timeOf(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (number === undefined) throw new UsageError(`--for: expected a time as 90s, 30m or 8h, got "${text}"`);
  return Number(number) * UNITS[unit]!;
}

async function chaos(flags: Flags): Promise<void> {
  const json = flags.json === true;
  if (flags.list === true) return list(json);
  if (flags.config === undefined)
    throw new UsageError('expected --config FILE, got none; see emars chaos --help');
  const kinds = await possibleKinds(kindsFor(flags));
  if (kinds === null) return;
  const folder =
    flags.out === undefined ? await mkdtemp(join(tmpdir(), 'emars-chaos-')) : resolve(newFolder(flags.out));
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const parts = await nativeParts((line) => say(line), new AbortController().signal);
  const plan: ChaosPlan = {
    search: [
      ...flags.config.flatMap((file) => ['--config', resolve(file)]),
      ...(flags.set ?? []).flatMap((setting) => ['--set', setting]),
    ],
    objectives: loadOptions({ file: flags.config.map((file) => resolve(file)), set: flags.set ?? [] })
      .objectives,
    trainers: flags.trainers,
    seed: flags.seed,
    faults: planFaults(flags.seed, flags.faults, kinds),
    smallDisks: kinds.some(isDiskKind),
    folder,
    natsBinary: parts.nats.path,
    forMs: flags.for ?? Infinity,
  };
  let shown = Promise.resolve();
  const onRow = (row: FaultRow): void => {
    if (json) shown = shown.then(() => printJson(row));
  };
  const rows = await torment(plan, { say, onRow });
  await shown;
  const figures = figuresOf(rows, flags.faults, flags.seed);
  const { unequal } = figures;
  await (json ? printJson({ figures }) : print(`${rowsTable(rows)}\n\n${summary(figures)}`));
  if (flags.out === undefined && unequal === 0) await rm(folder, { recursive: true, force: true });
  if (unequal > 0) process.exitCode = 1;
  if (rows.length === 0) throw new ChaosFailed('no fault was injected, so nothing was tried');
}

const isDiskKind = (kind: FaultKind): boolean => DISK_KINDS.some((known) => known === kind);

/** Errors: UsageError where none is left. */
function kindsFor({ kinds, trainers }: Flags): FaultKind[] {
  const asked = [...new Set(kinds ?? FAULT_KINDS)];
  const left = trainers > 1 ? asked : asked.filter((kind) => !EXCHANGE_KINDS.some((known) => known === kind));
  if (left.length === asked.length) return asked;
  const lacking = 'a trainer alone sends no gradients';
  if (left.length === 0) throw new UsageError(`--kinds: ${lacking}; choose --trainers 2, or other --kinds`);
  if (!ownMounts()) process.stderr.write(`skipped: ${EXCHANGE_KINDS.join(', ')} (${lacking})\n`);
  return left;
}

/**
 * The kinds that can be made here; null where the command has run again in mounts of its own, and is done.
 * Errors: ChaosFailed if none can.
 */
async function possibleKinds(kinds: readonly FaultKind[]): Promise<FaultKind[] | null> {
  if (ownMounts() || !kinds.some(isDiskKind)) return [...kinds];
  const code = await rerunWithOwnMounts();
  if (code !== null) {
    process.exitCode = code;
    return null;
  }
  const left = kinds.filter((kind) => !isDiskKind(kind));
  const lacking = 'a full disk cannot be made here: `unshare -m` and `unshare -Urm` are both refused';
  if (left.length === 0) throw new ChaosFailed(`${lacking}; choose other --kinds`);
  process.stderr.write(`skipped: ${DISK_KINDS.join(', ')} (${lacking})\n`);
  return left;
}

async function list(json: boolean): Promise<void> {
  if (json) return printJson({ kinds: FAULTS, failpoints: FAILPOINTS, actions: ACTIONS });
  const table = (first: string, rows: Readonly<Record<string, string>>): string =>
    textTable([{ head: first }, { head: 'what happens' }], Object.entries(rows));
  return print(
    [
      table('kind', FAULTS),
      `Failpoints, for a search that is started with ${VARIABLE}=[PROCESS][#LIFE]/NAME:N:ACTION`,
      table('failpoint', FAILPOINTS),
      table('action', ACTIONS),
    ].join('\n\n'),
  );
}

const seconds = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} s`);

function rowsTable(rows: readonly FaultRow[]): string {
  const right = (head: string): { head: string; align: 'right' } => ({ head, align: 'right' });
  return textTable(
    [
      right('#'),
      { head: 'fault' },
      { head: 'injected into' },
      right('detected in'),
      right('recovered in'),
      right('slots again'),
      right('epochs again'),
      { head: 'equal' },
    ],
    rows.map((row) => [
      String(row.number),
      row.kind,
      row.target,
      seconds(row.detected),
      seconds(row.recovered),
      String(row.repeatedSlots),
      String(row.repeatedEpochs),
      row.equal ? 'yes' : 'NO',
    ]),
  );
}

function summary({ injected, asked, seed, unequal, detected, recovered }: Figures): string {
  const both = ({ p50, p99 }: Delay): string => `p50 ${seconds(p50)}, p99 ${seconds(p99)}`;
  const goal = ({ isReached, goal: most }: Delay): string =>
    `p99 ${isReached ? 'within' : 'NOT within'} ${most} s`;
  return [
    `${injected} of ${asked} faults injected, seed ${seed}; ${unequal} unequal`,
    `detected in ${both(detected)}; recovered in ${both(recovered)}`,
    `goals: detected ${goal(detected)}, recovered ${goal(recovered)}`,
  ].join('\n');
}
