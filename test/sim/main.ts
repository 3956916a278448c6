/**
 * `npm run sim -- --seeds 1000 [--first N] [--seed N] [--control NAME] [--transcripts] [--json]`:
 * simulated searches under faults, each compared with the undisturbed one.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Piscina } from 'piscina';
import type { ControlName } from './faults/controls.js';
import { CONTROLS } from './faults/controls.js';
import { FAULTS_SEEN, STAGES_SEEN } from './report/expected.js';
import { rewriteTranscripts } from './transcript/files.js';
import { printTable, replay } from './report/print.js';

import { printScale } from './scale/main.js';
import type { Batch, Tally } from './tally.js';
import { emptyTally, joinTallies } from './tally.js';

/** Trainers of the table of `--scale`. */
const SIZES = [1, 2, 4, 8, 10, 16, 32, 100, 300, 1000];

const HELP = `Usage: npm run sim -- [options]

Runs searches in a simulated cluster, under faults, and compares each with the undisturbed search.

  --seeds N         how many seeds (default 1000)
  --first N         the first seed (default 1)
  --seed N          one seed alone: its faults, what happened, and why it fails
  --control NAME    without one safeguard (${CONTROLS.join(', ')});
                    seeds must fail, and the exit code is 1 when they do
  --threads N       worker threads (default: cores, at most 8)
  --transcripts     write test/sim/transcripts/*.txt anew
  --scale           messages, bytes and seconds of a step as trainers become more
  --trainers N,…    with --scale: numbers of trainers (default ${SIZES.join(',')})
  --json            the result as one JSON object
  --help

Exit code 0: no seed fails. 1: a seed fails, or a kind of fault was never injected.
`;

const BATCH = 20;
const TRANSCRIPTS = fileURLToPath(new URL('../test/sim/transcripts', import.meta.url));

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      first: { type: 'string', default: '1' },
      seed: { type: 'string' },
      control: { type: 'string' },
      threads: { type: 'string', default: String(Math.min(8, availableParallelism())) },
      transcripts: { type: 'boolean', default: false },
      scale: { type: 'boolean', default: false },
      trainers: { type: 'string', default: SIZES.join(',') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const control = controlOf(values.control);
  if (values.scale) {
    const sizes = values.trainers.split(',').map((size) => whole('--trainers', size));
    return printScale(sizes, values.json);
  }
  if (values.transcripts) return rewriteTranscripts(TRANSCRIPTS);

  if (values.seed !== undefined) return replay(whole('--seed', values.seed), control, values.json);
  const first = whole('--first', values.first);
  const seeds = whole('--seeds', values.seeds);
  const tally = await runAll({ first, seeds, control, threads: whole('--threads', values.threads) });
  const missing =
    control === null && seeds >= 500
      ? [
          ...FAULTS_SEEN.filter((name) => !(name in tally.faults)),
          ...STAGES_SEEN.filter((name) => !(name in tally.stages)),
        ]
      : [];
  if (values.json) process.stdout.write(`${JSON.stringify({ ...tally, missing })}\n`);
  else printTable(tally, missing, control);
  return tally.failures.length > 0 || missing.length > 0 ? 1 : 0;
}

interface Range {
  readonly first: number;
  readonly seeds: number;
  readonly control: ControlName | null;
  readonly threads: number;
}

/** Batches of seeds over worker threads, with a line of progress on a terminal. */
async function runAll({ first, seeds, control, threads }: Range): Promise<Tally> {
  const started = performance.now();
  const pool = new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    maxThreads: Math.max(1, threads),
    minThreads: Math.max(1, threads),
  });
  let tally = emptyTally();
  const batches = Array.from({ length: Math.ceil(seeds / BATCH) }, (_, i): Batch => {
    const from = first + i * BATCH;
    return { first: from, count: Math.min(BATCH, first + seeds - from), control };
  });
  await Promise.all(
    batches.map(async (batch) => {
      const done = (await pool.run(batch)) as Tally;
      tally = joinTallies(tally, done);
      progress(tally, seeds, performance.now() - started);
    }),
  );
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  await pool.destroy();
  return { ...tally, wallSeconds: (performance.now() - started) / 1000 };
}

function progress(tally: Tally, seeds: number, elapsedMs: number): void {
  if (!process.stderr.isTTY) return;
  const left = (elapsedMs / tally.seeds) * (seeds - tally.seeds);
  process.stderr.write(
    `\r\x1b[K${tally.seeds} of ${seeds} seeds, ${tally.failures.length} failed, ${Math.ceil(left / 1000)} s left`,
  );
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    process.stderr.write(`Expected a whole number from 1 for ${option}, got "${text}".\n`);
    process.exit(2);
  }
  return value;
}

function controlOf(name: string | undefined): ControlName | null {
  if (name === undefined) return null;
  const known = CONTROLS.find((control) => control === name);
  if (known !== undefined) return known;
  process.stderr.write(`Expected one of ${CONTROLS.join(', ')} for --control, got "${name}".\n`);
  return process.exit(2);
}

process.exitCode = await main();
