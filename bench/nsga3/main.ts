/**
 * `npm run bench:nsga3`: our NSGA-III beside pymoo's on DTLZ1 to DTLZ4, scaled and shifted.
 *
 * Both sides get the same directions, population, generations, operators and number of runs; the
 * measure (IGD) is taken here for both. The table goes to standard output, progress to standard
 * error. Exit code 0: nowhere worse; 1: worse somewhere; 2: it could not be run.
 */
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Job } from './jobs.js';
import { runJobs } from './jobs.js';
import type { Case } from './problems.js';
import { caseOf, OBJECTIVES, PROBLEMS } from './problems.js';
import { pymoo } from '../pymoo-peer.js';
import { PeerUnavailableError, peerPython, peerVersions } from '../python-environment.js';
import { isWorse, markdown } from './table.js';

const HELP = `Usage: npm run bench:nsga3 -- [options]
  --seeds N             runs of each side and case, at least 3 (default 11)
  --first-seed N        the first of them (default 1)
  --problems LIST       of ${PROBLEMS.join(',')} (default all)
  --objectives LIST     of ${OBJECTIVES.join(',')} (default all)
  --jobs N              processes at once (default: processors, at most 4)
  --quick               dtlz1 and dtlz2, M = 3, 5 runs: a minute
Example: npm run bench:nsga3 -- --problems dtlz2,scaled-dtlz2 --objectives 3 --seeds 21
`;

interface Options {
  readonly seeds: number;
  readonly firstSeed: number;
  readonly cases: readonly Case[];
  readonly jobs: number;
}

function options(parameters: string[]): Options | null {
  const { values } = parseArgs({
    args: parameters,
    options: {
      seeds: { type: 'string' },
      'first-seed': { type: 'string' },
      problems: { type: 'string' },
      objectives: { type: 'string' },
      jobs: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return null;
  const quick = values.quick === true;
  const problems = values.problems?.split(',') ?? (quick ? ['dtlz1', 'dtlz2'] : PROBLEMS);
  const objectives = values.objectives?.split(',').map(Number) ?? (quick ? [3] : OBJECTIVES);
  return {
    seeds: count('--seeds', values.seeds ?? (quick ? '5' : '11'), 3, 1000),
    firstSeed: count('--first-seed', values['first-seed'] ?? '1', 0, 1_000_000),
    cases: problems.flatMap((name) => objectives.map((m) => caseOf(name, m))),
    jobs: count('--jobs', values.jobs ?? String(Math.min(4, cpus().length)), 1, 64),
  };
}

function count(name: string, given: string, least: number, most: number): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RangeError(`${name}: expected an integer from ${least} to ${most}, got ${given}`);
  return value;
}

async function bench({ seeds, firstSeed, cases, jobs }: Options): Promise<boolean> {
  const source = (name: string): string =>
    fileURLToPath(new URL(`../../bench/nsga3/${name}`, import.meta.url));
  const python = peerPython(pymoo);
  const ourSide = fileURLToPath(new URL('side.js', import.meta.url));
  const list = Array.from({ length: seeds }, (_, k) => firstSeed + k);
  const all: Job[] = cases.flatMap((problem): Job[] => [
    { problem, seeds: list, command: [process.execPath, ourSide] },
    { problem, seeds: list, command: [python, source('pymoo_peer.py')] },
  ]);
  let finished = 0;
  const results = await runJobs(all, jobs, (job) => {
    process.stderr.write(
      `${++finished}/${all.length} ${job.problem.name} M=${job.problem.objectives} ${job.command[0] === python ? 'pymoo' : 'EMARS'}\n`,
    );
  });
  const rows = cases.map((problem, k) => ({ problem, ours: results[2 * k]!, peer: results[2 * k + 1]! }));
  const worse = rows.filter(isWorse);
  process.stdout.write(
    `IGD of the last population, ${seeds} runs of each side (seeds ${firstSeed} to ${firstSeed + seeds - 1}). p: two-sided Wilcoxon rank-sum, exact.\n`,
  );
  process.stdout.write(
    `Node ${process.versions.node}; ${peerVersions(python, pymoo)}; ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}; ${jobs} processes at once. Times are processor time of a run.\n\n`,
  );
  process.stdout.write(`${markdown(rows)}\n\n`);
  process.stdout.write(
    worse.length === 0
      ? 'EMARS is nowhere worse than pymoo.\n'
      : `EMARS is WORSE than pymoo on ${worse.map(({ problem }) => `${problem.name} M=${problem.objectives}`).join(', ')}.\n`,
  );
  return worse.length === 0;
}

try {
  const wanted = options(process.argv.slice(2));
  if (wanted === null) process.stdout.write(HELP);
  else process.exitCode = (await bench(wanted)) ? 0 : 1;
} catch (error) {
  const known =
    error instanceof PeerUnavailableError || error instanceof RangeError || error instanceof TypeError;
  process.stderr.write(
    `bench:nsga3: ${error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error)}\n`,
  );
  process.exitCode = 2;
}
