/**
 * `npm run bench [-- --quick]`: one table of what EMARS does beside its peers, each benchmark run as its own
 * command with peers and turns of its own. On an idle machine; --quick takes fewer rounds and one thread.
 * Exit code 1: a goal is missed.
 */
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMissed, machine, type Ratio, ratioTable } from '../ratios.js';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });

interface Part {
  readonly name: string;
  readonly args: readonly string[];
  readonly quick: readonly string[];
}

const parts: readonly Part[] = [
  { name: 'step', args: ['--threads', '1,2'], quick: ['--rounds', '2'] },
  { name: 'selection', args: [], quick: ['--rounds', '20'] },
  { name: 'data', args: [], quick: ['--rounds', '4'] },
  { name: 'exchange', args: [], quick: ['--rounds', '10'] },
];

function rowsOf({ name, args, quick }: Part): Ratio[] {
  const main = fileURLToPath(new URL(`../${name}/main.js`, import.meta.url));
  const asked = [main, '--json', ...(values.quick ? quick : args)];
  const { status, stdout, error } = spawnSync(process.execPath, asked, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  // 1: a goal is missed; the rows are there.
  if (error !== undefined || (status !== 0 && status !== 1) || stdout === '')
    throw new Error(
      `expected bench:${name} to end with 0 or 1, got ${status ?? error?.message ?? 'a signal'}`,
    );
  return JSON.parse(stdout) as Ratio[];
}

const [load = 0] = loadavg();
const rows = parts.flatMap(rowsOf);
console.log(`${ratioTable(rows)}\n\n${machine()}; load before it ${load.toFixed(1)}`);
const missed = rows.filter(isMissed).length;
console.log(`${rows.filter(({ goal }) => goal !== null).length - missed} goals reached, ${missed} missed`);
if (missed > 0) process.exitCode = 1;
