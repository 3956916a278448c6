/**
 * `npm run soak -- --hours H`: does anything grow in a search that runs for long? What is watched, and how it is judged, is
 * in docs/guides/faults.md. The table goes to standard output, progress to standard error.
 */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Finding } from './series.js';
import { soak, type Tell } from './soak.js';
import { courseTable, summary } from './table.js';

const HELP = `Usage: npm run soak -- [options]
  --hours H           hours to watch, from 0.01 to 168 (default 1)
  --warm-up S         share of them that is not judged, from 0 to 0.9 (default 0.25)
  --limit P           per cent an hour that nothing may grow by (default 1)
  --kill-every S      seconds between two kills of the last trainer; 0: none (default 120)
  --sample-every S    seconds between two samples (default 5)
  --trainers N        trainer processes (default 2)
  --config FILE       configuration of the search (default configs/smoke.yaml with epochs of 160 steps)
  --set KEY=VALUE     a value of it, several times
  --out DIR           an empty folder for run, logs and store, kept (default: a temporary one)
  --json              all that was found, with the course of each quantity
Exit code 0: nothing grows; 1: something grows or has died, or nothing could be told; 2: wrong usage. What is too short to be told is named.
Examples:
  npm run soak -- --hours 8
  npm run soak -- --hours 0.25 --kill-every 30 --json
`;

/** Few scans make epochs of a second, and what each finds is kept in memory, too: longer ones show what grows else. */
const CONFIGURATION = ['--config', 'configs/smoke.yaml', '--set', 'data.phantom.patients=960'];
/** The search is not to end before the time does. */
const ENDLESS = ['--set', 'evolution.epochs=100000'];
const TELL_MS = 60_000;

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '0.25' },
    limit: { type: 'string', default: '1' },
    'kill-every': { type: 'string', default: '120' },
    'sample-every': { type: 'string', default: '5' },
    trainers: { type: 'string', default: '2' },
    config: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function amount(name: keyof typeof values, least: number, most: number): number {
  const text = String(values[name]);
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most))
    throw new RangeError(`--${name}: expected a number from ${least} to ${most}, got "${text}"`);
  return value;
}

async function main(): Promise<number> {
  const hours = amount('hours', 0.01, 168);
  const warmUp = amount('warm-up', 0, 0.9);
  const limit = amount('limit', 0.001, 1000);
  const killSeconds = amount('kill-every', 0, 86_400);
  const sampleMs = 1000 * amount('sample-every', 1, 600);
  const trainers = amount('trainers', 1, 16);
  const folder = await folderFor(values.out);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const configuration = values.config === undefined ? CONFIGURATION : ['--config', values.config];
  const settings = values.set.flatMap((setting) => ['--set', setting]);
  const plan = {
    search: [...configuration, ...ENDLESS, ...settings],
    trainers,
    folder,
    hours,
    sampleMs,
    killMs: killSeconds === 0 ? null : 1000 * killSeconds,
  };
  process.stderr.write(`Soak of ${hours} h in ${folder}; Ctrl-C ends it with what is there by then.\n`);
  const soaked = await soak(plan, teller(hours), stop.signal);
  const findings = soaked.book.findings(warmUp * soaked.hours, limit);
  if (values.json) {
    const { epochs, kills, failures } = soaked;
    console.log(JSON.stringify({ hours: soaked.hours, epochs, kills, limit, warmUp, failures, findings }));
  } else console.log(`${courseTable(findings)}\n\n${summary(soaked, findings, limit)}`);
  const isGood = soaked.failures.length === 0 && isSteady(findings);
  if (values.out === undefined && isGood) await rm(folder, { recursive: true, force: true });
  return isGood ? 0 : 1;
}

/** Where nothing could be judged nothing is shown. */
function isSteady(findings: readonly Finding[]): boolean {
  const some = findings.some(({ verdict }) => verdict === 'steady');
  return some && findings.every(({ verdict }) => verdict !== 'grows');
}

/** Errors: RangeError for one with something in it. */
async function folderFor(out: string | undefined): Promise<string> {
  if (out === undefined) return mkdtemp(join(tmpdir(), 'emars-soak-'));
  await mkdir(out, { recursive: true });
  if ((await readdir(out)).length > 0) throw new RangeError(`--out: expected an empty folder, got "${out}"`);
  return resolve(out);
}

/** A line a minute. */
function teller(hours: number): Tell {
  let next = 0;
  return (now, record, kills) => {
    if (performance.now() < next) return;
    next = performance.now() + TELL_MS;
    const left = Math.max(0, Math.round(60 * (hours - now)));
    const memory = (record?.processes ?? [])
      .filter((row) => row.memory !== null)
      .map(({ id, memory }) => `${id} ${Math.round(memory! / 2 ** 20)} MB`);
    process.stderr.write(
      `${left} min left; epoch ${record?.epoch ?? 0}, ${kills} kills; ${memory.join(', ')}\n`,
    );
  };
}

if (values.help) process.stdout.write(HELP);
else
  process.exitCode = await main().catch((error: unknown) => {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  });
